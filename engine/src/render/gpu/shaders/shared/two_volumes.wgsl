// A picture of two volumes.

// The stored value of a layer at a place inside its volume.
fn value_at(layer: u32, place: Place) -> f32 {
    if layer == 0u {
        return interpolated(volume_0, 0u, place);
    }
    return interpolated(volume_1, 1u, place);
}

// The stored value of a voxel that is there.
fn stored_of(slot: u32, voxel: vec3<i32>) -> f32 {
    if slot == 0u {
        return stored(volume_0, 0u, voxel);
    }
    return stored(volume_1, 1u, voxel);
}
