/** The version of Redis whose behaviour this server has: what HELLO, INFO and RDB files say. */
export const REDIS_VERSION = '7.2.5'
