// Loaded before a server (NODE_OPTIONS=--require): what it would find on another system than Linux, as far as that can be had here.
// There is no /proc; and on Windows no directory can be opened, and no file may take the name of one that is open.
const fs = require('node:fs')
const path = require('node:path')

const platform = process.env.ELSEWHERE
Object.defineProperty(process, 'platform', { value: platform })

/** Name of each open file by its descriptor. */
const open = new Map()

function failure(code, errno, syscall, name) {
  return Object.assign(new Error(`${code}: ${syscall} '${name}'`), { code, errno, syscall, path: name })
}

/** The error of opening `name` there, or null. */
function refusal(name) {
  const file = path.resolve(String(name))
  if (/^\/(proc|sys)\//.test(file)) return failure('ENOENT', -2, 'open', name)
  const isDirectory = platform === 'win32' && fs.statSync(file, { throwIfNoEntry: false })?.isDirectory()
  return isDirectory ? failure('EPERM', -1, 'open', name) : null
}

const real = { ...fs }

fs.openSync = (name, ...rest) => {
  const error = refusal(name)
  if (error !== null) throw error
  const fd = real.openSync(name, ...rest)
  open.set(fd, path.resolve(String(name)))
  return fd
}
fs.open = (name, ...rest) => {
  const done = rest.pop()
  const error = refusal(name)
  if (error !== null) return void process.nextTick(done, error)
  real.open(name, ...rest, (failed, fd) => {
    if (failed === null) open.set(fd, path.resolve(String(name)))
    done(failed, fd)
  })
}
fs.closeSync = fd => {
  open.delete(fd)
  real.closeSync(fd)
}
fs.close = (fd, done) => {
  open.delete(fd)
  real.close(fd, done)
}
for (const name of ['readFileSync', 'writeFileSync']) {
  fs[name] = (file, ...rest) => {
    const error = typeof file === 'number' ? null : refusal(file)
    if (error !== null) throw error
    return real[name](file, ...rest)
  }
}
fs.renameSync = (from, to) => {
  if (platform === 'win32' && [...open.values()].includes(path.resolve(String(to))))
    throw failure('EPERM', -1, 'rename', to)
  real.renameSync(from, to)
}
