/** What this project uses of redis-parser, which ships without types. */
declare module 'redis-parser' {
  interface ParserOptions {
    returnReply(reply: unknown): void
    returnError(error: Error): void
    returnFatalError?(error: Error): void
  }
  class Parser {
    constructor(options: ParserOptions)
    execute(bytes: Buffer): void
  }
  export default Parser
}
