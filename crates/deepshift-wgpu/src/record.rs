//! A network recorded for a number of pictures: buffers, pipelines and dispatches, replayed for every run.

use crate::program::{OUTPUT, Source, bindings, dispatch};
use crate::shader::Shader;
use crate::{Error, Gpu, Result};
use deepshift_lowering::{Network, Operation, Shared};

/// All that a run needs.
pub struct Recording {
    /// In the order of the operations.
    pub steps: Vec<Step>,
    pub input: wgpu::Buffer,
    pub output: wgpu::Buffer,
    /// Bytes of the output's values.
    pub output_bytes: u64,
}

/// The dispatch of one operation.
pub struct Step {
    pub pipeline: wgpu::ComputePipeline,
    pub bind_group: wgpu::BindGroup,
    pub workgroups: [u32; 2],
}

/// Pipelines by their text: batches of different sizes and like layers share them.
pub type Pipelines = Vec<(Shader, wgpu::ComputePipeline)>;

impl Recording {
    /// Checks the device's limits, then makes buffers, pipelines and bind groups.
    pub fn new(
        gpu: &Gpu,
        network: &Network,
        constants: &[wgpu::Buffer],
        pipelines: &mut Pipelines,
        pictures: usize,
    ) -> Result<Self> {
        check_limits(&gpu.device.limits(), network, pictures)?;
        let bytes = |value: usize| network.values[value].bytes() as u64 * pictures as u64;
        let shared = Shared::new(network, pictures);
        let buffers: Vec<wgpu::Buffer> =
            shared.sizes.iter().map(|&size| value_buffer(&gpu.device, size)).collect();
        let buffer = |value: usize| &buffers[shared.buffer_of[value]];
        let mut steps = Vec::with_capacity(network.operations.len());
        for operation in &network.operations {
            let dispatch = dispatch(network, operation, gpu.traits, pictures);
            let layout = bind_group_layout(&gpu.device, operation);
            let known = pipelines.iter().find(|(shader, _)| *shader == dispatch.shader);
            let pipeline = match known {
                Some((_, pipeline)) => pipeline.clone(),
                None => {
                    let made = pipeline(&gpu.device, &dispatch.shader, &layout, &operation.name);
                    pipelines.push((dispatch.shader, made.clone()));
                    made
                }
            };
            let entries: Vec<wgpu::BindGroupEntry> = bindings(operation)
                .into_iter()
                .map(|(binding, source)| match source {
                    Source::Value(value) => entry(binding, buffer(value), bytes(value)),
                    Source::Constant(constant) => {
                        wgpu::BindGroupEntry { binding, resource: constants[constant].as_entire_binding() }
                    }
                })
                .collect();
            let descriptor = wgpu::BindGroupDescriptor {
                label: Some(&operation.name),
                layout: &layout,
                entries: &entries,
            };
            let bind_group = gpu.device.create_bind_group(&descriptor);
            let most = gpu.device.limits().max_compute_workgroups_per_dimension;
            let workgroups = two_dimensions(dispatch.workgroups, most).ok_or_else(|| {
                Error::Limit(format!(
                    "maxComputeWorkgroupsPerDimension is {most}, and node {} needs {} workgroups in two dimensions",
                    operation.name, dispatch.workgroups
                ))
            })?;
            steps.push(Step { pipeline, bind_group, workgroups });
        }
        Ok(Self {
            steps,
            input: buffer(network.input).clone(),
            output: buffer(network.output).clone(),
            output_bytes: bytes(network.output),
        })
    }
}

impl Step {
    pub fn encode(&self, pass: &mut wgpu::ComputePass) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bind_group, &[]);
        pass.dispatch_workgroups(self.workgroups[0], self.workgroups[1], 1);
    }
}

/// The numbers of workgroups across and down that make at least so many.
fn two_dimensions(workgroups: u64, most: u32) -> Option<[u32; 2]> {
    let most = u64::from(most);
    let down = workgroups.div_ceil(most).max(1);
    let across = workgroups.div_ceil(down).max(1);
    (down <= most).then_some([across as u32, down as u32])
}

/// What would fail later with less to say.
pub fn check_limits(limits: &wgpu::Limits, network: &Network, pictures: usize) -> Result<()> {
    let largest_value = network.values.iter().map(|value| value.bytes() as u64 * pictures as u64);
    let largest_constant = network.constants.iter().map(|constant| constant.len() as u64);
    let largest = largest_value.chain(largest_constant).max().unwrap_or(0);
    if largest > limits.max_storage_buffer_binding_size {
        return Err(Error::Limit(format!(
            "maxStorageBufferBindingSize is {} bytes, and the model needs {largest}",
            limits.max_storage_buffer_binding_size
        )));
    }
    if largest > limits.max_buffer_size {
        return Err(Error::Limit(format!(
            "maxBufferSize is {} bytes, and the model needs {largest}",
            limits.max_buffer_size
        )));
    }
    let bindings = network.operations.iter().map(|operation| bindings(operation).len()).max().unwrap_or(0);
    if bindings > limits.max_storage_buffers_per_shader_stage as usize {
        return Err(Error::Limit(format!(
            "maxStorageBuffersPerShaderStage is {}, and the model needs {bindings}",
            limits.max_storage_buffers_per_shader_stage
        )));
    }
    Ok(())
}

fn bind_group_layout(device: &wgpu::Device, operation: &Operation) -> wgpu::BindGroupLayout {
    let entries: Vec<wgpu::BindGroupLayoutEntry> = bindings(operation)
        .into_iter()
        .map(|(binding, _)| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Storage { read_only: binding != OUTPUT },
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        })
        .collect();
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries })
}

fn pipeline(
    device: &wgpu::Device,
    shader: &Shader,
    layout: &wgpu::BindGroupLayout,
    name: &str,
) -> wgpu::ComputePipeline {
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(name),
        source: wgpu::ShaderSource::Wgsl(shader.text().into()),
    });
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: None,
        bind_group_layouts: &[Some(layout)],
        immediate_size: 0,
    });
    device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(name),
        layout: Some(&layout),
        module: &module,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions {
            zero_initialize_workgroup_memory: false,
            ..Default::default()
        },
        cache: None,
    })
}

fn value_buffer(device: &wgpu::Device, size: u64) -> wgpu::Buffer {
    use wgpu::BufferUsages as Usage;
    device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size,
        usage: Usage::STORAGE | Usage::COPY_DST | Usage::COPY_SRC,
        mapped_at_creation: false,
    })
}

/// Bound with its exact size, from which shaders take the number of pictures.
fn entry(binding: u32, buffer: &wgpu::Buffer, bytes: u64) -> wgpu::BindGroupEntry<'_> {
    wgpu::BindGroupEntry {
        binding,
        resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer,
            offset: 0,
            size: std::num::NonZeroU64::new(bytes),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use deepshift_core::graph::Shape;
    use deepshift_lowering::{Element, End, Kind, Value};

    #[test]
    fn limits_are_named() {
        let shape = Shape { channels: 8, height: 16, width: 16 };
        let value = Value { shape, element: Element::Float };
        let network = Network {
            values: vec![value, value],
            constants: Vec::new(),
            operations: vec![Operation {
                name: "product".into(),
                output: 1,
                operands: vec![0, 0],
                kind: Kind::Multiply,
                end: End::AsIs,
            }],
            input: 0,
            output: 1,
        };
        let bytes = 8 * 16 * 16 * 4;
        let fits = wgpu::Limits {
            max_storage_buffer_binding_size: 2 * bytes,
            max_buffer_size: 2 * bytes,
            max_storage_buffers_per_shader_stage: 3,
            ..Default::default()
        };
        assert_eq!(check_limits(&fits, &network, 2), Ok(()));
        let refused = |limits: wgpu::Limits, pictures| match check_limits(&limits, &network, pictures) {
            Err(Error::Limit(message)) => message,
            other => panic!("{other:?}"),
        };
        assert!(refused(fits.clone(), 3).contains("maxStorageBufferBindingSize is 16384 bytes"));
        let small = wgpu::Limits { max_buffer_size: 2 * bytes - 1, ..fits.clone() };
        assert!(refused(small, 2).contains("maxBufferSize"));
        let few = wgpu::Limits { max_storage_buffers_per_shader_stage: 2, ..fits };
        assert!(refused(few, 1).contains("maxStorageBuffersPerShaderStage is 2, and the model needs 3"));
    }

    #[test]
    fn workgroups_go_into_two_dimensions() {
        assert_eq!(two_dimensions(0, 10), Some([1, 1]));
        assert_eq!(two_dimensions(10, 10), Some([10, 1]));
        assert_eq!(two_dimensions(11, 10), Some([6, 2]));
        assert_eq!(two_dimensions(100, 10), Some([10, 10]));
        assert_eq!(two_dimensions(101, 10), None);
    }
}
