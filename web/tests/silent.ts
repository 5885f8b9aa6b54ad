/**
 * A Firestore that says only what a test tells it to, for what an emulator cannot do: no answer, a missing index.
 * The SDK is the real one and speaks gRPC with it.
 */
import { createServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'

export type Silent = Awaited<ReturnType<typeof silentFirestore>>

const LISTEN = '/google.firestore.v1.Firestore/Listen'

export async function silentFirestore() {
  const added: number[] = []
  const removed: number[] = []
  let stream: ServerHttp2Stream | undefined
  let streams = 0
  let database = ''
  const live = new Set<ServerHttp2Stream>()
  const server = createServer()

  server.on('stream', (opened: ServerHttp2Stream, { ':path': path }) => {
    opened.on('error', () => {})
    opened.respond({ ':status': 200, 'content-type': 'application/grpc' })
    if (path !== LISTEN) return
    stream = opened
    streams++
    live.add(opened)
    opened.on('end', () => live.delete(opened) && opened.end())
    let rest = Buffer.alloc(0)
    opened.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
        const end = 5 + rest.readUInt32BE(1)
        const { 1: name, 2: add, 3: remove } = fieldsOf(rest.subarray(5, end))
        database = String(name)
        if (add instanceof Buffer) added.push(Number(fieldsOf(add)[5]))
        if (remove !== undefined) removed.push(Number(remove))
        rest = rest.subarray(end)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const sessions = new Set<{ close(): void }>()
  server.on('session', (session) => sessions.add(session))

  function send(message: number[]): void {
    const head = Buffer.alloc(5)
    head.writeUInt32BE(message.length, 1)
    stream?.write(Buffer.concat([head, Buffer.from(message)]))
  }

  /** Of targets. */
  function say(...change: number[][]): void {
    send(lengthened(2, change.flat()))
  }

  function tell(...documents: [string, Record<string, string | Date>][]): void {
    const newest = varint(added.at(-1)!)
    const now = momentOf(new Date())
    const at = lengthened(6, now)
    say([0x08, 1], lengthened(2, newest))
    for (const [path, fields] of documents) {
      const name = lengthened(1, textOf(`${database}/documents/${path}`))
      const values = Object.entries(fields).map(([field, value]) => {
        const told = value instanceof Date ? lengthened(10, momentOf(value)) : lengthened(17, textOf(value))
        return lengthened(2, [...lengthened(1, textOf(field)), ...lengthened(2, told)])
      })
      const document = [...name, ...values.flat(), ...lengthened(3, now), ...lengthened(4, now)]
      send(lengthened(3, [...lengthened(1, document), ...lengthened(5, newest)]))
    }
    say([0x08, 3], lengthened(2, newest), lengthened(4, [1]), at)
    say([0x08, 0], lengthened(4, [1]), at)
  }

  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** The targets that it was asked to listen to and to leave. */
    added,
    removed,
    /** How many streams there have been, and are. */
    streams: () => streams,
    open: () => live.size,

    /** The newest target has no documents. */
    nothing: () => tell(),

    /** The newest target has these documents, made now: their names below the database, and fields of text or time. */
    tell,

    /** The newest target is refused with a status code of gRPC. */
    refuse(code: number, message: string): void {
      const cause = [0x08, code, ...lengthened(2, textOf(message))]
      say([0x08, 2], lengthened(2, varint(added.at(-1)!)), lengthened(3, cause))
    },

    /** Once the SDK has ended its streams: destroyed under it, its gRPC can spin for ever. */
    async close(): Promise<void> {
      sessions.forEach((each) => each.close())
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The last value of each field of a protobuf message, by its number. */
function fieldsOf(message: Buffer): Record<number, Buffer | number> {
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

function lengthened(field: number, content: number[]): number[] {
  return [...varint((field << 3) | 2), ...varint(content.length), ...content]
}

function textOf(text: string): number[] {
  return [...Buffer.from(text)]
}

function momentOf(time: Date): number[] {
  return [0x08, ...varint(Math.floor(time.getTime() / 1000))]
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]
}
