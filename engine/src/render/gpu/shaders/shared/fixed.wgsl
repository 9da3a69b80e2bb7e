// Coordinates with 32 bits behind the point: sums are exact, and the same on every device.
struct Fixed {
    whole: vec3<i32>,
    part: vec3<u32>,
}

// `count` below 65536.
fn times(step: Fixed, count: u32) -> Fixed {
    let low = (step.part & vec3<u32>(0xffffu)) * count;
    let high = (step.part >> vec3<u32>(16u)) * count + (low >> vec3<u32>(16u));
    let part = (high << vec3<u32>(16u)) | (low & vec3<u32>(0xffffu));
    return Fixed(step.whole * i32(count) + vec3<i32>(high >> vec3<u32>(16u)), part);
}

fn plus(a: Fixed, b: Fixed) -> Fixed {
    let part = a.part + b.part;
    let carry = select(vec3<i32>(0), vec3<i32>(1), part < a.part);
    return Fixed(a.whole + b.whole + carry, part);
}

const PART: f32 = 2.3283064365386963e-10;

// A place among voxels: the voxel at or before it, and how far it is from there to the next.
struct Place {
    voxel: vec3<i32>,
    part: vec3<f32>,
}

fn place_of(at: Fixed) -> Place {
    return Place(at.whole, vec3<f32>(at.part) * PART);
}

fn place_at(at: vec3<f32>) -> Place {
    let before = floor(at);
    return Place(vec3<i32>(before), at - before);
}
