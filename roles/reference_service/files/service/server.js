// SPDX-License-Identifier: GPL-3.0-or-later
// A small HTTP service under PM2: GET /healthz, notes, and a drain that loses no request.
'use strict'

const cluster = require('node:cluster')
const http = require('node:http')
const { notes } = require('./notes.js')

const host = '127.0.0.1'
const port = Number(process.env.PORT || 8080)
const release = process.env.RELEASE || ''
const begun = Date.now()
const sockets = new Set()
// How long a connection may stay idle while this process finishes, and how long all of that may take.
const IDLE = 1000
const DRAIN = Number(process.env.DRAIN_MS || 10000)
let draining = false

const server = http.createServer((request, response) => {
  const socket = request.socket
  socket.busy = true
  response.on('close', () => {
    socket.busy = false
    socket.since = Date.now()
  })
  // Whoever keeps a connection learns with his next answer to open another one, which a newer process takes.
  if (draining) response.setHeader('Connection', 'close')
  answer(request, response)
})

function answer(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost')
  if (pathname === '/notes') return notes(request, (status, body) => send(response, status, body))
  if (pathname !== '/healthz') return send(response, 404, { error: 'not found' })
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, { error: 'method not allowed' })
  const wait = Math.min(Number(searchParams.get('wait')) || 0, 5000)
  const body = { status: 'ok', pid: process.pid, release, uptime: Math.round((Date.now() - begun) / 1000) }
  setTimeout(() => send(response, 200, body), wait)
}

function send(response, status, body) {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
  response.end(JSON.stringify(body) + '\n')
}

server.on('connection', (socket) => {
  socket.since = Date.now()
  sockets.add(socket)
  socket.on('close', () => sockets.delete(socket))
})

function drain() {
  if (draining) return
  draining = true
  if (cluster.isWorker) {
    // Agrees with the primary that no connection is on its way here any more: one would hang if this process just ended.
    process.once('disconnect', () => process.exit(0))
    cluster.worker.disconnect()
  } else {
    server.close(() => process.exit(0))
  }
  setInterval(() => {
    for (const socket of sockets) if (!socket.busy && Date.now() - socket.since > IDLE) socket.destroy()
  }, 100).unref()
  setTimeout(() => process.exit(1), DRAIN).unref()
}

process.on('SIGINT', drain)
process.on('SIGTERM', drain)
// Node 19 and newer end idle connections at once when a server closes: a request on its way would be lost.
server.closeIdleConnections = () => {}
server.keepAliveTimeout = 65000
server.listen(port, host, () => {
  console.log(JSON.stringify({ time: new Date().toISOString(), message: 'serving', host, port, release, pid: process.pid }))
  if (process.send) process.send('ready')
})
