//! torchvision's networks for ImageNet, the original's two MobileNets and EfficientNet-Lite0: pictures of 224x224, 1000
//! classes.

mod densenet;
mod googlenet;
mod mobilenet;
mod resnet;
mod squeezenet;
mod vgg;

use crate::Architecture;

pub(crate) const ARCHITECTURES: [Architecture; 25] = [
    ("resnet18", |name| resnet::basic(name, [2, 2, 2, 2])),
    ("resnet34", |name| resnet::basic(name, [3, 4, 6, 3])),
    ("resnet50", |name| resnet::bottleneck(name, [3, 4, 6, 3])),
    ("resnet101", |name| resnet::bottleneck(name, [3, 4, 23, 3])),
    ("resnet152", |name| resnet::bottleneck(name, [3, 8, 36, 3])),
    ("vgg11", |name| vgg::vgg(name, [1, 1, 2, 2, 2], false)),
    ("vgg13", |name| vgg::vgg(name, [2, 2, 2, 2, 2], false)),
    ("vgg16", |name| vgg::vgg(name, [2, 2, 3, 3, 3], false)),
    ("vgg19", |name| vgg::vgg(name, [2, 2, 4, 4, 4], false)),
    ("vgg11_bn", |name| vgg::vgg(name, [1, 1, 2, 2, 2], true)),
    ("vgg13_bn", |name| vgg::vgg(name, [2, 2, 2, 2, 2], true)),
    ("vgg16_bn", |name| vgg::vgg(name, [2, 2, 3, 3, 3], true)),
    ("vgg19_bn", |name| vgg::vgg(name, [2, 2, 4, 4, 4], true)),
    ("googlenet", googlenet::googlenet),
    ("alexnet", vgg::alexnet),
    ("densenet121", |name| densenet::densenet(name, 32, [6, 12, 24, 16])),
    ("densenet161", |name| densenet::densenet(name, 48, [6, 12, 36, 24])),
    ("densenet169", |name| densenet::densenet(name, 32, [6, 12, 32, 32])),
    ("densenet201", |name| densenet::densenet(name, 32, [6, 12, 48, 32])),
    ("squeezenet1_0", squeezenet::squeezenet1_0),
    ("squeezenet1_1", squeezenet::squeezenet1_1),
    ("mobilenet_v2", mobilenet::v2_torchvision),
    ("mobilenetv1", mobilenet::v1),
    ("mobilenetv2", mobilenet::v2_flat),
    ("efficientnet-lite0", mobilenet::efficientnet_lite0),
];
