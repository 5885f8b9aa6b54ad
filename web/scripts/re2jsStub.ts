/** Replaces the package re2js, which Firestore imports for pipelines. Listeners never call it. */
export class RE2JS {
  static compile(): never {
    throw new Error('This build contains no Firestore pipelines')
  }
}
