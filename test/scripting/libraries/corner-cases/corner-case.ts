/**
 * An expression in Lua and what it gives, as judge.ts shows it: recorded from redis-server 7.0.15, whose libraries behave as
 * those of 7.2.5 do. They run one after the other in one script, so that settings hold for those that follow.
 */
export type CornerCase = readonly [expression: string, result: string]
