//! The original's networks for CIFAR-10: pictures of 32x32, ten classes.

mod densenet;
mod dpn;
mod googlenet;
mod lenet;
mod mobilenet;
mod pnasnet;
mod preresnet;
mod resnet;
mod resnext;
mod senet;
mod shufflenet;
mod vgg;

use crate::Architecture;

/// Names that ImageNet's networks have too begin with `cifar10/`.
pub(crate) const ARCHITECTURES: [Architecture; 41] = [
    ("cifar10/resnet18", |name| resnet::basic(name, [2, 2, 2, 2])),
    ("cifar10/resnet34", |name| resnet::basic(name, [3, 4, 6, 3])),
    ("cifar10/resnet50", |name| resnet::bottleneck(name, [3, 4, 6, 3])),
    ("cifar10/resnet101", |name| resnet::bottleneck(name, [3, 4, 23, 3])),
    ("cifar10/resnet152", |name| resnet::bottleneck(name, [3, 8, 36, 3])),
    ("resnet20", |name| resnet::narrow(name, 3)),
    ("resnet32", |name| resnet::narrow(name, 5)),
    ("resnet44", |name| resnet::narrow(name, 7)),
    ("resnet56", |name| resnet::narrow(name, 9)),
    ("resnet110", |name| resnet::narrow(name, 18)),
    ("preresnet20", |name| preresnet::preresnet(name, 2)),
    ("preresnet56", |name| preresnet::preresnet(name, 6)),
    ("preresnet110", |name| preresnet::preresnet(name, 12)),
    ("preresnet164", |name| preresnet::preresnet(name, 18)),
    ("cifar10/vgg11", |name| vgg::vgg(name, [1, 1, 2, 2, 2])),
    ("cifar10/vgg13", |name| vgg::vgg(name, [2, 2, 2, 2, 2])),
    ("cifar10/vgg16", |name| vgg::vgg(name, [2, 2, 3, 3, 3])),
    ("cifar10/vgg19", |name| vgg::vgg(name, [2, 2, 4, 4, 4])),
    ("lenet", lenet::lenet),
    ("cifar10/googlenet", googlenet::googlenet),
    ("densenet40", |name| densenet::densenet(name, 12)),
    ("cifar10/densenet121", |name| densenet::densenet(name, 39)),
    ("cifar10/densenet169", |name| densenet::densenet(name, 55)),
    ("cifar10/mobilenetv1", mobilenet::v1),
    ("cifar10/mobilenetv2", mobilenet::v2),
    ("efficientnetB0", mobilenet::efficientnet),
    ("resnext29_2x64d", |name| resnext::resnext29(name, 2, 64)),
    ("resnext29_4x64d", |name| resnext::resnext29(name, 4, 64)),
    ("resnext29_8x64d", |name| resnext::resnext29(name, 8, 64)),
    ("resnext29_32x4d", |name| resnext::resnext29(name, 32, 4)),
    ("senet18", senet::senet18),
    ("shufflenetg2", |name| shufflenet::v1(name, 2, 200)),
    ("shufflenetg3", |name| shufflenet::v1(name, 3, 240)),
    ("shufflenetv2_0.5", |name| shufflenet::v2(name, [48, 96, 192, 1024])),
    ("shufflenetv2_1", |name| shufflenet::v2(name, [116, 232, 464, 1024])),
    ("shufflenetv2_1.5", |name| shufflenet::v2(name, [176, 352, 704, 1024])),
    ("shufflenetv2_2", |name| shufflenet::v2(name, [224, 488, 976, 2048])),
    ("dpn26", |name| dpn::dpn(name, [2, 2, 2, 2])),
    ("dpn92", |name| dpn::dpn(name, [3, 4, 20, 3])),
    ("pnasneta", pnasnet::pnasneta),
    ("pnasnetb", pnasnet::pnasnetb),
];
