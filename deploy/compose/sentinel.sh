#!/bin/sh
# Starts a Sentinel in its container. What it finds out it keeps in its configuration, which is written at the first start only.
set -eu
umask 077

if [ ! -e sentinel.conf ]; then
  cat >sentinel.conf.new <<CONF
port 26379
bind * -::*
protected-mode no
dir .
sentinel announce-ip $ADDRESS
# Two of the three have to agree that the master is down.
sentinel monitor mymaster $FIRST_MASTER 6379 2
sentinel auth-user mymaster default
sentinel auth-pass mymaster $REDIS_PASSWORD
sentinel down-after-milliseconds mymaster 5000
sentinel failover-timeout mymaster 60000
sentinel parallel-syncs mymaster 1
CONF
  mv sentinel.conf.new sentinel.conf
fi
exec redis-sentinel sentinel.conf
