#!/bin/sh
# Starts a server in its container. The configuration is written at the first start only: Sentinel has the server rewrite it when
# another becomes its master, which has to be so after the next start as well.
set -eu
umask 077

if [ ! -e redis.conf ]; then
  cat >redis.conf.new <<CONF
port 6379
bind * -::*
# Any of the servers may be the master that the others log in to.
requirepass $REDIS_PASSWORD
masteruser default
masterauth $REDIS_PASSWORD
# Where Sentinel and clients find this server.
replica-announce-ip $ADDRESS
appendonly yes
save 3600 1 300 100 60 10000
# A master that has lost its replicas may have been replaced: it takes no writes that would be lost.
min-replicas-to-write 1
min-replicas-max-lag 10
${FIRST_MASTER:+replicaof $FIRST_MASTER 6379}
CONF
  mv redis.conf.new redis.conf
fi
exec redis-ts redis.conf
