// Linear interpolation by hand, in f32: exact to rounding on every device.
fn linear(texture: texture_3d<f32>, layer: u32, place: Place) -> f32 {
    return linear_by_hand(texture, layer, place);
}
