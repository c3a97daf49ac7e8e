//! Lost devices.

use deepshift_core::reference::integer_logits;
use deepshift_core::{Input, Mode};
use deepshift_testing::cases;
use deepshift_wgpu::{Error, Executor, Gpu, Options};

const INTEGER: Options = Options { mode: Mode::Integer, kernel: deepshift_core::Kernel::Dot };

#[test]
fn a_lost_device_is_said_and_a_new_one_goes_on() {
    let model = cases::every_operation(0);
    let pictures = vec![9; 360];
    let expected = integer_logits(&model, Input::Pictures(&pictures)).expect("logits");
    pollster::block_on(async {
        let lost = Gpu::request().await.expect("a device");
        let executor = Executor::new(&lost, &model, INTEGER).await.expect("an executor");
        assert_eq!(executor.run(Input::Pictures(&pictures)).await.as_ref(), Ok(&expected));
        lost.lose();
        assert!(matches!(executor.run(Input::Pictures(&pictures)).await, Err(Error::DeviceLost(_))));
        assert!(matches!(Executor::new(&lost, &model, INTEGER).await.err(), Some(Error::DeviceLost(_))));
        let found = Gpu::request().await.expect("a device");
        let executor = Executor::new(&found, &model, INTEGER).await.expect("an executor");
        assert_eq!(executor.run(Input::Pictures(&pictures)).await, Ok(expected));
    });
}
