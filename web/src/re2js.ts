/** Stands in for the package re2js, which Firestore imports for pipelines: nothing here uses those. */
export class RE2JS {
  static compile(): never {
    throw new Error('Firestore pipelines are left out of this page')
  }
}
