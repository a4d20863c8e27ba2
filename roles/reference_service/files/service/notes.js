// SPDX-License-Identifier: GPL-3.0-or-later
// Notes in files, something to lose: POST /notes keeps one, GET /notes counts them and hashes all. A host that is only
// half restored takes none.
'use strict'

const crypto = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')

const folder = process.env.DATA || ''
const mark = '/var/lib/adsengineer/read-only'
const LONGEST = 16384

function notes(request, done) {
  if (request.method === 'GET' || request.method === 'HEAD') return done(200, listed())
  if (request.method !== 'POST') return done(405, { error: 'method not allowed' })
  if (fs.existsSync(mark)) return done(503, { error: 'this host is read-only', ...reason() })
  let text = ''
  request.setEncoding('utf8')
  request.on('data', (part) => {
    text += part
    if (text.length > LONGEST) request.destroy()
  })
  request.on('end', () => {
    try {
      done(201, { id: kept(text) })
    } catch (error) {
      done(507, { error: `the note is not kept: ${error.code}` })
    }
  })
}

function listed() {
  const names = fs.readdirSync(folder).filter((name) => name.endsWith('.note')).sort()
  const hash = crypto.createHash('sha256')
  for (const name of names) hash.update(`${name}\n`).update(fs.readFileSync(path.join(folder, name)))
  return { notes: names.length, sha256: hash.digest('hex') }
}

// On the disk before it is answered: a note that was taken is never lost.
function kept(text) {
  const id = `${Date.now().toString(36)}-${crypto.randomUUID()}`
  const draft = path.join(folder, `.${id}`)
  fs.writeFileSync(draft, text, { flush: true })
  fs.renameSync(draft, path.join(folder, `${id}.note`))
  return id
}

function reason() {
  try {
    return { reason: JSON.parse(fs.readFileSync(mark, 'utf8')).reason }
  } catch {
    return {}
  }
}

module.exports = { notes }
