//! What follows from the list of instruction sets: [`Isa`](crate::Isa), the modules and the dispatch.

/// Each line of the list is a set: `NAME "name" in module if condition;`. The module `module` has a type `NAME` that is a
/// [`KernelSet`](super::KernelSet); it is compiled only where the condition of `cfg` holds.
///
/// Defines `Isa` with all sets, `Kernels` with those of this build, and the macro `with_set!` that calls a method of
/// whichever set a value of `Kernels` holds. The first argument is a dollar sign, which that macro needs.
macro_rules! kernel_sets {
    (($dollar:tt) $($(#[$doc:meta])* $set:ident $name:literal in $module:ident if $condition:meta;)*) => {
        $(
            #[allow(unsafe_code, reason = "intrinsics and functions with target features need it")]
            #[cfg($condition)]
            mod $module;
        )*

        /// Instruction sets for which there are kernels, the simplest first.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Isa {
            $($(#[$doc])* $set,)*
        }

        impl Isa {
            /// All of them, the best last.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$set),*];

            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$set => $name,)*
                }
            }
        }

        /// The kernels of one instruction set that this CPU has.
        #[derive(Debug, Clone, Copy)]
        pub(crate) enum Kernels {
            $(#[cfg($condition)] $set($module::$set),)*
        }

        impl Kernels {
            /// `None` where this CPU, or this build, lacks the instructions.
            pub fn new(isa: Isa) -> Option<Self> {
                match isa {
                    $(
                        #[cfg($condition)]
                        Isa::$set => $module::$set::detect().map(Self::$set),
                        #[cfg(not($condition))]
                        Isa::$set => None,
                    )*
                }
            }

            pub fn isa(self) -> Isa {
                match self {
                    $(#[cfg($condition)] Self::$set(_) => Isa::$set,)*
                }
            }
        }

        macro_rules! with_set {
            ($dollar kernels:expr, $dollar set:ident => $dollar call:expr) => {
                match $dollar kernels {
                    $(#[cfg($condition)] Kernels::$set($dollar set) => $dollar call,)*
                }
            };
        }
    };
}
