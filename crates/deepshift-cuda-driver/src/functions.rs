//! The driver's functions, a line each: those that `cust` calls, under the names that it has them linked by.
//!
//! Every type is one that C passes as it passes the driver's own: its enums are `u32`, its structures stay behind
//! pointers. What the functions do is in NVIDIA's manual.
#![allow(non_snake_case, reason = "the names are the driver's")]
#![allow(clippy::missing_safety_doc, reason = "NVIDIA's manual documents them")]
#![allow(clippy::too_many_arguments, reason = "as many as the driver's have")]

use std::ffi::{c_char, c_int, c_void};

use crate::codes::known;
use crate::library::Symbol;

/// A context, stream, module or whatever else belongs to the driver.
type Handle = *mut c_void;
type HostFunction = Option<unsafe extern "C" fn(data: *mut c_void)>;
type SharedBytesOfBlock = Option<unsafe extern "C" fn(threads: c_int) -> usize>;

macro_rules! functions {
    ($($name:ident($($argument:ident: $kind:ty),* $(,)?);)*) => {
        $(
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn $name($($argument: $kind),*) -> u32 {
                type Function = unsafe extern "C" fn($($kind),*) -> u32;
                // SAFETY: the type is that of the driver's function.
                static FUNCTION: Symbol<Function> = unsafe { Symbol::new(stringify!($name)) };
                match FUNCTION.find() {
                    // SAFETY: the caller's promises are those that the driver asks for.
                    Ok(function) => known(unsafe { function($($argument),*) }),
                    Err(code) => code,
                }
            }
        )*
    };
}

functions! {
    cuInit(flags: u32);
    cuDriverGetVersion(version: *mut c_int);

    cuDeviceGet(device: *mut c_int, ordinal: c_int);
    cuDeviceGetAttribute(value: *mut c_int, attribute: u32, device: c_int);
    cuDeviceGetCount(count: *mut c_int);
    cuDeviceGetName(name: *mut c_char, length: c_int, device: c_int);
    cuDeviceTotalMem_v2(bytes: *mut usize, device: c_int);
    cuDevicePrimaryCtxRelease_v2(device: c_int);
    cuDevicePrimaryCtxReset_v2(device: c_int);
    cuDevicePrimaryCtxRetain(context: *mut Handle, device: c_int);
    cuDevicePrimaryCtxSetFlags_v2(device: c_int, flags: u32);

    cuCtxCreate_v2(context: *mut Handle, flags: u32, device: c_int);
    cuCtxDestroy_v2(context: Handle);
    cuCtxGetApiVersion(context: Handle, version: *mut u32);
    cuCtxGetCacheConfig(config: *mut u32);
    cuCtxGetCurrent(context: *mut Handle);
    cuCtxGetDevice(device: *mut c_int);
    cuCtxGetFlags(flags: *mut u32);
    cuCtxGetLimit(value: *mut usize, limit: u32);
    cuCtxGetSharedMemConfig(config: *mut u32);
    cuCtxGetStreamPriorityRange(least: *mut c_int, greatest: *mut c_int);
    cuCtxPopCurrent_v2(context: *mut Handle);
    cuCtxPushCurrent_v2(context: Handle);
    cuCtxSetCacheConfig(config: u32);
    cuCtxSetCurrent(context: Handle);
    cuCtxSetLimit(limit: u32, value: usize);
    cuCtxSetSharedMemConfig(config: u32);
    cuCtxSynchronize();

    cuModuleGetFunction(function: *mut Handle, module: Handle, name: *const c_char);
    cuModuleGetGlobal_v2(address: *mut u64, bytes: *mut usize, module: Handle, name: *const c_char);
    cuModuleLoad(module: *mut Handle, path: *const c_char);
    cuModuleLoadData(module: *mut Handle, image: *const c_void);
    cuModuleLoadDataEx(
        module: *mut Handle, image: *const c_void, count: u32, options: *mut u32, values: *mut *mut c_void,
    );
    cuModuleUnload(module: Handle);
    cuLinkAddData_v2(
        link: Handle, kind: u32, data: *mut c_void, bytes: usize, name: *const c_char,
        count: u32, options: *mut u32, values: *mut *mut c_void,
    );
    cuLinkComplete(link: Handle, image: *mut *mut c_void, bytes: *mut usize);
    cuLinkCreate_v2(count: u32, options: *mut u32, values: *mut *mut c_void, link: *mut Handle);
    cuLinkDestroy(link: Handle);

    cuFuncGetAttribute(value: *mut c_int, attribute: u32, function: Handle);
    // cust has no method for it, and it is how a kernel gets more than 48 KiB of shared memory.
    cuFuncSetAttribute(function: Handle, attribute: u32, value: c_int);
    cuFuncSetCacheConfig(function: Handle, config: u32);
    cuFuncSetSharedMemConfig(function: Handle, config: u32);
    cuLaunchHostFunc(stream: Handle, function: HostFunction, data: *mut c_void);
    cuLaunchKernel(
        function: Handle, grid_x: u32, grid_y: u32, grid_z: u32, block_x: u32, block_y: u32, block_z: u32,
        shared_bytes: u32, stream: Handle, arguments: *mut *mut c_void, extra: *mut *mut c_void,
    );
    cuOccupancyAvailableDynamicSMemPerBlock(
        shared_bytes: *mut usize, function: Handle, blocks: c_int, threads: c_int,
    );
    cuOccupancyMaxActiveBlocksPerMultiprocessor(
        blocks: *mut c_int, function: Handle, threads: c_int, shared_bytes: usize,
    );
    cuOccupancyMaxPotentialBlockSize(
        blocks: *mut c_int, threads: *mut c_int, function: Handle, shared_bytes_of_block: SharedBytesOfBlock,
        shared_bytes: usize, most_threads: c_int,
    );

    cuMemAdvise(address: u64, bytes: usize, advice: u32, device: c_int);
    cuMemAllocAsync(address: *mut u64, bytes: usize, stream: Handle);
    cuMemAllocHost_v2(pointer: *mut *mut c_void, bytes: usize);
    cuMemAllocManaged(address: *mut u64, bytes: usize, flags: u32);
    cuMemAlloc_v2(address: *mut u64, bytes: usize);
    cuMemFreeAsync(address: u64, stream: Handle);
    cuMemFreeHost(pointer: *mut c_void);
    cuMemFree_v2(address: u64);
    cuMemGetInfo_v2(free: *mut usize, total: *mut usize);
    cuMemPrefetchAsync(address: u64, bytes: usize, device: c_int, stream: Handle);
    cuMemcpy2D_v2(copy: *const c_void);
    cuMemcpyAtoH_v2(to: *mut c_void, from: Handle, offset: usize, bytes: usize);
    cuMemcpyDtoDAsync_v2(to: u64, from: u64, bytes: usize, stream: Handle);
    cuMemcpyDtoD_v2(to: u64, from: u64, bytes: usize);
    cuMemcpyDtoHAsync_v2(to: *mut c_void, from: u64, bytes: usize, stream: Handle);
    cuMemcpyDtoH_v2(to: *mut c_void, from: u64, bytes: usize);
    cuMemcpyHtoA_v2(to: Handle, offset: usize, from: *const c_void, bytes: usize);
    cuMemcpyHtoDAsync_v2(to: u64, from: *const c_void, bytes: usize, stream: Handle);
    cuMemcpyHtoD_v2(to: u64, from: *const c_void, bytes: usize);
    cuMemsetD16Async(address: u64, value: u16, count: usize, stream: Handle);
    cuMemsetD16_v2(address: u64, value: u16, count: usize);
    cuMemsetD32Async(address: u64, value: u32, count: usize, stream: Handle);
    cuMemsetD32_v2(address: u64, value: u32, count: usize);
    cuMemsetD8Async(address: u64, value: u8, count: usize, stream: Handle);
    cuMemsetD8_v2(address: u64, value: u8, count: usize);

    cuArray3DCreate_v2(array: *mut Handle, descriptor: *const c_void);
    cuArray3DGetDescriptor_v2(descriptor: *mut c_void, array: Handle);
    cuArrayDestroy(array: Handle);
    cuSurfObjectCreate(surface: *mut u64, resource: *const c_void);
    cuSurfObjectDestroy(surface: u64);
    cuSurfObjectGetResourceDesc(resource: *mut c_void, surface: u64);
    cuTexObjectCreate(texture: *mut u64, resource: *const c_void, sampling: *const c_void, view: *const c_void);
    cuTexObjectDestroy(texture: u64);
    cuTexObjectGetResourceDesc(resource: *mut c_void, texture: u64);
    cuTexObjectGetResourceViewDesc(view: *mut c_void, texture: u64);

    cuImportExternalMemory(memory: *mut Handle, descriptor: *const c_void);
    cuExternalMemoryGetMappedBuffer(address: *mut u64, memory: Handle, descriptor: *const c_void);
    cuDestroyExternalMemory(memory: Handle);

    cuStreamCreateWithPriority(stream: *mut Handle, flags: u32, priority: c_int);
    cuStreamDestroy_v2(stream: Handle);
    cuStreamGetFlags(stream: Handle, flags: *mut u32);
    cuStreamGetPriority(stream: Handle, priority: *mut c_int);
    cuStreamSynchronize(stream: Handle);
    cuStreamWaitEvent(stream: Handle, event: Handle, flags: u32);

    cuEventCreate(event: *mut Handle, flags: u32);
    cuEventDestroy_v2(event: Handle);
    cuEventElapsedTime(milliseconds: *mut f32, start: Handle, end: Handle);
    cuEventQuery(event: Handle);
    cuEventRecord(event: Handle, stream: Handle);
    cuEventSynchronize(event: Handle);

    cuGraphAddKernelNode(
        node: *mut Handle, graph: Handle, dependencies: *const Handle, count: usize, kernel: *const c_void,
    );
    cuGraphCreate(graph: *mut Handle, flags: u32);
    cuGraphDebugDotPrint(graph: Handle, path: *const c_char, flags: u32);
    cuGraphDestroy(graph: Handle);
    cuGraphGetEdges(graph: Handle, from: *mut Handle, to: *mut Handle, count: *mut usize);
    cuGraphGetNodes(graph: Handle, nodes: *mut Handle, count: *mut usize);
    cuGraphKernelNodeGetParams(node: Handle, kernel: *mut c_void);
    cuGraphNodeGetType(node: Handle, kind: *mut u32);
}

#[cfg(test)]
mod tests {
    use std::ptr::{null, null_mut};

    use super::*;
    use crate::codes::NO_DEVICE;
    use crate::library;

    #[test]
    fn without_a_driver_there_is_no_device() {
        if library::open().is_ok() {
            println!("there is a driver: nothing to test");
            return;
        }
        // SAFETY: without a driver nothing is done with the arguments.
        let codes = unsafe {
            [
                cuInit(0),
                cuDriverGetVersion(null_mut()),
                cuDeviceGetCount(null_mut()),
                cuCtxSynchronize(),
                cuModuleLoadData(null_mut(), null()),
                cuMemAlloc_v2(null_mut(), 4),
                cuMemsetD8_v2(0, 0, 4),
                cuFuncSetAttribute(null_mut(), 8, 65536),
                cuLaunchHostFunc(null_mut(), None, null_mut()),
                cuLaunchKernel(null_mut(), 1, 1, 1, 1, 1, 1, 0, null_mut(), null_mut(), null_mut()),
                cuEventElapsedTime(null_mut(), null_mut(), null_mut()),
                cuGraphDebugDotPrint(null_mut(), null(), 0),
            ]
        };
        assert!(codes.iter().all(|&code| code == NO_DEVICE), "{codes:?}");
    }
}
