/**
 * A Firestore server that sends only what a test scripts. It covers what an emulator cannot do: no answer, a missing
 * index. The SDK is the real one and speaks gRPC with it.
 */
import { createServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'

export type ScriptedFirestore = Awaited<ReturnType<typeof startScriptedFirestore>>

/** The path below `documents/`, and its fields. */
export type ScriptedDocument = [path: string, fields: Record<string, string | Date>]

const LISTEN = '/google.firestore.v1.Firestore/Listen'

export async function startScriptedFirestore() {
  const addedTargets: number[] = []
  const removedTargets: number[] = []
  let stream: ServerHttp2Stream | undefined
  let streamCount = 0
  let database = ''
  const openStreams = new Set<ServerHttp2Stream>()
  const server = createServer()

  server.on('stream', (opened: ServerHttp2Stream, { ':path': path }) => {
    opened.on('error', () => {})
    opened.respond({ ':status': 200, 'content-type': 'application/grpc' })
    if (path !== LISTEN) return
    stream = opened
    streamCount++
    openStreams.add(opened)
    opened.on('end', () => openStreams.delete(opened) && opened.end())
    let rest = Buffer.alloc(0)
    opened.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
        const end = 5 + rest.readUInt32BE(1)
        const { 1: name, 2: add, 3: remove } = decodeMessage(rest.subarray(5, end))
        database = String(name)
        if (add instanceof Buffer) addedTargets.push(Number(decodeMessage(add)[5]))
        if (remove !== undefined) removedTargets.push(Number(remove))
        rest = rest.subarray(end)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const sessions = new Set<{ close(): void }>()
  server.on('session', (session) => sessions.add(session))

  function send(message: number[]): void {
    const header = Buffer.alloc(5)
    header.writeUInt32BE(message.length, 1)
    stream?.write(Buffer.concat([header, Buffer.from(message)]))
  }

  function sendTargetChange(...change: number[][]): void {
    send(encodeField(2, change.flat()))
  }

  function sendDocuments(...documents: ScriptedDocument[]): void {
    const newest = encodeVarint(addedTargets.at(-1)!)
    const now = encodeTimestamp(new Date())
    const readTime = encodeField(6, now)
    sendTargetChange([0x08, 1], encodeField(2, newest))
    for (const [path, fields] of documents) {
      const name = encodeField(1, encodeText(`${database}/documents/${path}`))
      const encodedFields = Object.entries(fields).map(([field, value]) => {
        const encoded =
          value instanceof Date ? encodeField(10, encodeTimestamp(value)) : encodeField(17, encodeText(value))
        return encodeField(2, [...encodeField(1, encodeText(field)), ...encodeField(2, encoded)])
      })
      const document = [...name, ...encodedFields.flat(), ...encodeField(3, now), ...encodeField(4, now)]
      send(encodeField(3, [...encodeField(1, document), ...encodeField(5, newest)]))
    }
    sendTargetChange([0x08, 3], encodeField(2, newest), encodeField(4, [1]), readTime)
    sendTargetChange([0x08, 0], encodeField(4, [1]), readTime)
  }

  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** The targets that the SDK has added and removed, in order. */
    addedTargets,
    removedTargets,
    countStreams: () => streamCount,
    countOpenStreams: () => openStreams.size,

    /** Confirms that the newest target has no documents. */
    sendNoDocuments: () => sendDocuments(),

    /** Confirms that the newest target has these documents, created now. */
    sendDocuments,

    /** Refuses the newest target with a gRPC status code. */
    refuse(code: number, message: string): void {
      const cause = [0x08, code, ...encodeField(2, encodeText(message))]
      sendTargetChange([0x08, 2], encodeField(2, encodeVarint(addedTargets.at(-1)!)), encodeField(3, cause))
    },

    /** Call it after the SDK has ended its streams. If a stream is destroyed first, the SDK's gRPC can loop for ever. */
    async close(): Promise<void> {
      sessions.forEach((each) => each.close())
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The last value of each field of a protobuf message, by field number. */
function decodeMessage(message: Buffer): Record<number, Buffer | number> {
  const found: Record<number, Buffer | number> = {}
  let at = 0
  const next = () => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++] ?? 0
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < message.length) {
    const tag = next()
    const value = next()
    found[tag >> 3] = (tag & 7) === 2 ? message.subarray(at, (at += value)) : value
  }
  return found
}

function encodeField(field: number, content: number[]): number[] {
  return [...encodeVarint((field << 3) | 2), ...encodeVarint(content.length), ...content]
}

function encodeText(text: string): number[] {
  return [...Buffer.from(text)]
}

function encodeTimestamp(time: Date): number[] {
  return [0x08, ...encodeVarint(Math.floor(time.getTime() / 1000))]
}

function encodeVarint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...encodeVarint(value >>> 7)]
}
