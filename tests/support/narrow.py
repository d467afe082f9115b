"""Shipped specs with few channels."""

NARROW = {
    "multiresunet": [],  # its items have channels of their own
    "resnet34-linknet": ["channels=[8, 8, 8, 16, 16, 16]", "decoder.channels=[8, 8, 8, 16, 16]"],
    "resnet34-unet": ["channels=[4, 4, 4, 8, 8, 8]", "decoder.channels=[4, 4, 4, 4, 4]"],
    "segresnet": ["channels=[8, 8, 8, 16]"],
    "unet-nnunet-resenc": ["channels=[4, 4, 4, 8, 8, 8]"],
}
"""What makes shipped specs narrow whose levels or channels cannot be any."""
