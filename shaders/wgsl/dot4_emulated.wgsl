// The dot product of four i8 with four i8 where the language lacks it.

fn dot4(a: u32, b: u32) -> i32 {
    let products = lanes(a) * lanes(b);
    return products.x + products.y + products.z + products.w;
}
