#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod compact;

macro_rules! files {
    ($($name:ident $file:literal)*) => {$(
        #[doc = concat!("`", $file, "` without its comments.")]
        pub const $name: &str = {
            const TEXT: &str = include_str!(concat!("../wgsl/", $file));
            const LENGTH: usize = compact::length(TEXT);
            const BYTES: [u8; LENGTH] = compact::bytes(TEXT);
            compact::text(&BYTES)
        };
    )*};
}

files! {
    ADD "add.wgsl"
    AFFINE "affine.wgsl"
    AS_IS "as_is.wgsl"
    BATCH_NORM "batch_norm.wgsl"
    CODES "codes.wgsl"
    CONCAT "concat.wgsl"
    DECODED_FLOAT "decoded_float.wgsl"
    DECODED_INTEGER "decoded_integer.wgsl"
    DIRECT "direct.wgsl"
    DOT "dot.wgsl"
    DOT4_EMULATED "dot4_emulated.wgsl"
    DOT4_PACKED "dot4_packed.wgsl"
    EACH "each.wgsl"
    FLOAT "float.wgsl"
    FLOAT_PRODUCTS "float_products.wgsl"
    GATES "gates.wgsl"
    GATHER "gather.wgsl"
    GEMM "gemm.wgsl"
    GEMV "gemv.wgsl"
    GEOMETRY "geometry.wgsl"
    IDENTITY "identity.wgsl"
    MEAN_FLOAT "mean_float.wgsl"
    MEAN_NONE "mean_none.wgsl"
    MOVED_FLOAT "moved_float.wgsl"
    MOVED_INTEGER "moved_integer.wgsl"
    MULTIPLY "multiply.wgsl"
    NAIVE "naive.wgsl"
    NARROW "narrow.wgsl"
    OUT_SAME "out_same.wgsl"
    OUT_WIDE "out_wide.wgsl"
    PLAIN_FLOAT "plain_float.wgsl"
    POOL "pool.wgsl"
    RESCALE "rescale.wgsl"
    SHIFTED "shifted.wgsl"
    SUM_ALONE "sum_alone.wgsl"
    SUM_SHARED "sum_shared.wgsl"
    TABLE "table.wgsl"
    TILE "tile.wgsl"
    WIDE "wide.wgsl"
}
