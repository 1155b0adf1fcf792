/**
 * Preloaded into a server (NODE_OPTIONS=--import): watches what it does to files in the folder that CRASH_POINTS names.
 *
 * - On SIGUSR2 it counts down from the number in DIR/at, and ends the process by SIGKILL behind that many operations that make,
 *   rename, remove, cut or sync a file: before the server itself learns that they are done.
 * - While there is a file DIR/slow, the end of each fsync comes so many milliseconds later as it says.
 * - Each sync that has ended adds a line to DIR/synced: a file's inode, how many of its bytes are on disk for sure, and how many
 *   milliseconds it took; one that begins adds the time of day.
 */
import fs from 'node:fs'
import path from 'node:path'

const dir = process.env.CRASH_POINTS
const { appendFileSync, existsSync, fstatSync, readFileSync, writeSync } = fs
let left = -1

process.on('SIGUSR2', () => {
  left = Number(readFileSync(path.join(dir, 'at'), 'latin1'))
  writeSync(2, `armed: ends behind ${left} operations\n`)
  if (left === 0) process.kill(process.pid, 'SIGKILL')
})

function done() {
  if (left > 0 && --left === 0) process.kill(process.pid, 'SIGKILL')
}

function note(line) {
  appendFileSync(path.join(dir, 'synced'), `${line}\n`)
}

function noteSynced({ ino, size }, ms = 0) {
  note(`${ino} ${size} ${ms}`)
}

/** Wraps a function that works at once. */
function wrap(name, ahead = () => {}, behind = () => {}) {
  const original = fs[name]
  fs[name] = (...args) => {
    const noted = ahead(...args)
    const result = original(...args)
    behind(noted)
    done()
    return result
  }
}

/** Wraps a function that calls back. */
function wrapSync(name) {
  const original = fs[name]
  fs[name] = (fd, callback) => {
    const before = fstatSync(fd)
    const begun = Date.now()
    note(`begun ${begun}`)
    original(fd, error => {
      if (error === null && before.isFile()) noteSynced(before, Date.now() - begun)
      done()
      const slow = path.join(dir, 'slow')
      if (name === 'fsync' && existsSync(slow)) setTimeout(callback, Number(readFileSync(slow, 'latin1')), error)
      else callback(error)
    })
  }
}

const { openSync } = fs
fs.openSync = (file, flags, mode) => {
  const fd = openSync(file, flags, mode)
  if (flags === 'r' || flags === fs.constants.O_RDONLY || !String(file).startsWith(path.dirname(dir))) return fd
  const stat = fstatSync(fd)
  // The inode may have been another file's.
  if (stat.size === 0) noteSynced(stat)
  done()
  return fd
}
for (const name of ['renameSync', 'rmSync', 'truncateSync', 'ftruncateSync']) wrap(name)
wrap('fsyncSync', fstatSync, stat => {
  if (stat.isFile()) noteSynced(stat)
})
for (const name of ['fsync', 'fdatasync']) wrapSync(name)
