//! Any bytes as a DICOM segmentation or structure set: masks or an error, and contours filled on a small grid.
#![no_main]

use codec::dataset::{Limits, read};
use engine::dicom::read::rtstruct::read_structure_set;
use engine::dicom::read::seg::load_segmentation;
use engine::dicom::read::{InMemory, Instance};
use engine::geometry::{Affine, Grid, Point, Vector};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(object) = read(bytes, Limits::default()) else {
        return;
    };
    if let Ok((set, _)) = read_structure_set(&object.data_set) {
        let axes = [Vector::new(3.0, 0.1, 0.0), Vector::new(0.0, 3.0, 0.2), Vector::new(0.3, 0.0, 4.0)];
        let grid = Grid::new([24, 20, 16], Affine::from_axes(axes, Point::new(-40.0, -40.0, 0.0)));
        let grid = std::sync::Arc::new(grid.expect("the axes span space"));
        for roi in set.rois {
            let (mask, _) = roi.contours.rasterise(grid.clone());
            assert!(mask.count() <= grid.voxels());
        }
    }
    if let Ok((segmentation, _)) = load_segmentation(&Instance::new(0, object), &InMemory(&[bytes])) {
        for segment in segmentation.segments {
            assert!(segment.mask.volume_ml() >= 0.0);
        }
    }
});
