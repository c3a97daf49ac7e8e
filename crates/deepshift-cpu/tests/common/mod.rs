//! Every instruction set of this CPU, with one thread and with several.

use deepshift_core::{Input, Model};
use deepshift_cpu::{Executor, Isa, Kernel, Mode, Options};
use deepshift_testing::{Device, Suite};

struct Cpu {
    isa: Isa,
    threads: usize,
}

impl Device for Cpu {
    fn name(&self) -> String {
        format!("{} with {} threads", self.isa, self.threads)
    }

    fn run(&self, model: &Model, mode: Mode, kernel: Kernel, input: Input) -> Result<Vec<f32>, String> {
        let options = Options { mode, kernel, isa: Some(self.isa), threads: Some(self.threads) };
        let executor = Executor::new(model, options).map_err(|error| error.to_string())?;
        executor.run(input).map_err(|error| error.to_string())
    }
}

pub fn suite() -> Suite {
    let of_threads = |threads| Isa::available().map(move |isa| Cpu { isa, threads });
    let devices = of_threads(1).chain(of_threads(2)).map(|device| Box::new(device) as Box<dyn Device>);
    // Threads take long to start in an emulator.
    Suite { fast: Isa::available().count(), ..Suite::thorough(devices.collect()) }
}
