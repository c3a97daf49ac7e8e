//! `cust` with this crate in place of the driver library.

use cust::CudaFlags;
use cust::device::Device;
use cust::error::CudaError;

#[test]
fn cust_says_that_there_is_no_device() {
    if deepshift_cuda_driver::find_driver().is_ok() {
        println!("there is a driver: nothing to test");
        return;
    }
    assert_eq!(cust::init(CudaFlags::empty()), Err(CudaError::NoDevice));
    assert_eq!(Device::num_devices(), Err(CudaError::NoDevice));
}

#[test]
fn errors_can_be_displayed() {
    for error in [CudaError::NoDevice, CudaError::InvalidPtx, CudaError::UnknownError] {
        assert!(!error.to_string().is_empty());
    }
}
