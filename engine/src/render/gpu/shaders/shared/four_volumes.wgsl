// A picture of three or four volumes.

// The stored value of a layer at a place inside its volume.
fn value_at(layer: u32, place: Place) -> f32 {
    switch layer {
        case 0u: { return interpolated(volume_0, 0u, place); }
        case 1u: { return interpolated(volume_1, 1u, place); }
        case 2u: { return interpolated(volume_2, 2u, place); }
        default: { return interpolated(volume_3, 3u, place); }
    }
}

// The stored value of a voxel that is there.
fn stored_of(slot: u32, voxel: vec3<i32>) -> f32 {
    switch slot {
        case 0u: { return stored(volume_0, 0u, voxel); }
        case 1u: { return stored(volume_1, 1u, voxel); }
        case 2u: { return stored(volume_2, 2u, voxel); }
        default: { return stored(volume_3, 3u, voxel); }
    }
}
