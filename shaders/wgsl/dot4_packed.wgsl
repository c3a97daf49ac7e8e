// The dot product of four i8 with four i8 where the language has it.

fn dot4(a: u32, b: u32) -> i32 {
    return dot4I8Packed(a, b);
}
