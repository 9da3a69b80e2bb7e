// A picture of several volumes.

// Whether a layer has a flag.
fn has(layer: u32, flag: u32) -> bool {
    return (MAY & flag) != 0u && (volumes[layer].flags & flag) != 0u;
}

fn is_read(layer: u32, interpolation: u32) -> bool {
    return (MAY & (SOME_NEAREST << interpolation)) != 0u && volumes[layer].interpolation == interpolation;
}
