/** Stands in for `src/train-asset.ts` in such a site: what that names is not there yet. */
export const trainAsset = {
  glue: () => Promise.reject(new Error("the training module is still being built")),
};
