// redis-benchmark as a load in the background.
import { spawn } from 'node:child_process'
import { AT_NORMAL_PRIORITY } from './server.mjs'

/** Fifty clients that overwrite random keys of fill()'s with 12 digits, without pipelining, as fast as the server answers. */
export function startLoad(port, keys) {
  const options = ['-p', port, '-c', 50, '-n', 1_000_000_000, '-r', keys, '-q']
  const [file, ...args] = [...AT_NORMAL_PRIORITY, 'redis-benchmark', ...options, 'SET', 'key:__rand_int__', 'xxxxxxxx']
  const child = spawn(file, args.map(String), { stdio: 'ignore' })
  const stop = () => child.kill('SIGKILL')
  process.once('exit', stop)
  return {
    async stop() {
      process.off('exit', stop)
      const ended = new Promise(resolve => child.once('exit', resolve))
      stop()
      await ended
    },
  }
}
