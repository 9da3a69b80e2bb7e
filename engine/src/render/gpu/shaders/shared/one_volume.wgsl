// A picture of one volume. What else it could be of is not in the program: devices take long to make large ones.

// Whether a layer has a flag: `MAY` says so before the program is made.
fn has(layer: u32, flag: u32) -> bool {
    return (MAY & flag) != 0u;
}

fn is_read(layer: u32, interpolation: u32) -> bool {
    return (MAY & (SOME_NEAREST << interpolation)) != 0u;
}

// The stored value of a layer at a place inside its volume.
fn value_at(layer: u32, place: Place) -> f32 {
    return interpolated(volume_0, 0u, place);
}

// The stored value of a voxel that is there.
fn stored_of(slot: u32, voxel: vec3<i32>) -> f32 {
    return stored(volume_0, 0u, voxel);
}
