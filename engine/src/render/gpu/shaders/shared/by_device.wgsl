// Linear interpolation by the device's filter, whose weights are 256ths: within 1/128 of the voxels' range.
@group(1) @binding(6) var filtering: sampler;

fn linear(texture: texture_3d<f32>, layer: u32, place: Place) -> f32 {
    if !has(layer, FILTERED) {
        return linear_by_hand(texture, layer, place);
    }
    let at = (vec3<f32>(place.voxel) + place.part + 0.5) * volumes[layer].per_voxel;
    let found = textureSampleLevel(texture, filtering, at, 0.0).x;
    let scale = volumes[layer].scale.x;
    return found * select(scale, 1.0, scale == 0.0) + volumes[layer].offset;
}
