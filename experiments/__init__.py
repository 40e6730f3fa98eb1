"""CIFAR-10 / ResNet training variants as Sacred experiments, one file each.

full           train every parameter: what the others are compared with
bn_only        train BatchNorm's scale and shift; everything else keeps its random start
what_learns    train the part of the network that `trainable` names
frozen_bn      train everything but BatchNorm, which keeps the affine map and statistics it starts with
statistics     BatchNorm's statistics: followed, frozen, computed again, of the test batch, under shift
normalisation  other normalisations in the place of BatchNorm, before or after the activation
weight_norm    weight normalisation in the place of BatchNorm
pitfalls       known mistakes, made on purpose, with the damage as a number
batch_size     batch sizes with a stated learning-rate rule
sanity         go through a checklist of what usually goes wrong, on any settings
lr_finder      look for a learning rate: steps with a rising rate, which leave no trace
ensemble       several networks that differ in their random numbers alone, answering together
transfer       a network pretrained on other images, then trained further in part or as a whole

Start one with ``python -m experiments.bn_only with smoke seed=3``, and several seeds of one at once, on a
GPU, with ``python -m experiments.at_once bn_only --seeds 1 2 3 with smoke``.
"""
