/** The address of the file in gzip; `packedFiles.ts` makes it. */
declare module "*?gzip" {
  const address: string;
  export default address;
}
