//! The sphere phantom and the geometry phantom, read by the engine.

use engine::geometry::Point;
use engine::volume::Volume;
use serde_json::Value;

use crate::{Part, numbers, truth};

#[test]
fn spheres_recover_with_their_size() {
    let truth = truth("nema");
    let spheres = truth["spheres"].as_array().unwrap();
    assert_eq!(
        spheres
            .iter()
            .map(|s| s["diameter_mm"].as_f64().unwrap())
            .collect::<Vec<_>>(),
        [10.0, 13.0, 17.0, 22.0, 28.0, 37.0]
    );
    let recovery = |sphere: &Value| sphere["noise_free"]["mean"].as_f64().unwrap_or(0.0) / 4.0;
    // On coarse voxels the small spheres hold a voxel or two: only the large ones must rise in order.
    let large: Vec<f64> = spheres[3..].iter().map(recovery).collect();
    assert!(
        large.windows(2).all(|pair| pair[0] < pair[1]) && large[2] > 0.7,
        "{large:?}"
    );
    assert!(recovery(&spheres[0]) < large[0]);
    for region in truth["background"].as_array().unwrap() {
        assert!((region["mean"].as_f64().unwrap() - 1.0).abs() < 0.05, "{region}");
    }
}

#[test]
fn the_insert_is_cold() {
    let truth = truth("nema");
    let volume = Part::open("nema").volume(&truth["series_instance_uid"]);
    let factor = truth["injection"]["suv_bw_per_bq_ml"].as_f64().unwrap();
    let at = |x: f64, y: f64| {
        let voxel = volume.grid().voxel(Point::new(x, y, 0.0));
        volume
            .value([0, 1, 2].map(|a| voxel[a].round() as usize))
            .unwrap()
            * factor
    };
    assert!(at(0.0, 0.0) < 0.2 && (at(100.0, 50.0) - 1.0).abs() < 0.35);
}

/// Centre of mass of what a volume has above half a marker, around a place; LPS in mm.
fn centre_of_mass(volume: &Volume, around: [f64; 3], reach_mm: f64) -> [f64; 3] {
    let grid = volume.grid();
    let [columns, rows, slices] = grid.size();
    let (mut sum, mut weights) = ([0.0; 3], 0.0);
    for n in 0..columns * rows * slices {
        let voxel = [n % columns, n / columns % rows, n / (columns * rows)];
        let p = grid.patient(voxel.map(|v| v as f64).into());
        let near = (0..3).all(|a| (p[a] - around[a]).abs() <= reach_mm);
        // In an uneven stack a slice stands for the space half-way to its neighbours.
        let weight = (volume.value(voxel).unwrap() - 40.0).max(0.0) * grid.voxel_ml(voxel[2]);
        if near && weight > 0.0 {
            (0..3).for_each(|a| sum[a] += weight * p[a]);
            weights += weight;
        }
    }
    sum.map(|v| v / weights)
}

#[test]
fn markers_are_found_at_their_places() {
    let truth = truth("geometry");
    let part = Part::open("geometry");
    let sigma = truth["marker_sigma_mm"].as_f64().unwrap();
    for series in truth["series"].as_array().unwrap() {
        let volume = part.volume(&series["series_instance_uid"]);
        let smallest = volume
            .grid()
            .spacing_mm()
            .into_iter()
            .fold(f64::INFINITY, f64::min);
        for marker in series["markers"].as_array().unwrap() {
            let place: [f64; 3] = numbers(&marker["place_mm"]).try_into().unwrap();
            let found = centre_of_mass(&volume, place, 3.0 * sigma);
            let error = (0..3).map(|a| (found[a] - place[a]).powi(2)).sum::<f64>().sqrt();
            let allowed = if series["name"] == "uneven" { 0.6 } else { 0.25 };
            assert!(
                error < allowed * smallest,
                "{} {}: {error} mm",
                series["name"],
                marker["name"]
            );
        }
    }
}

#[test]
fn voxels_of_markers_are_those_of_the_grid() {
    let truth = truth("geometry");
    let part = Part::open("geometry");
    for series in truth["series"].as_array().unwrap() {
        let volume = part.volume(&series["series_instance_uid"]);
        let last = volume.grid().size()[2] as f64 - 1.0;
        for marker in series["markers"].as_array().unwrap() {
            let place: [f64; 3] = numbers(&marker["place_mm"]).try_into().unwrap();
            let expected = numbers(&marker["voxel"]);
            let found = volume.grid().voxel(Point::from(place));
            // A reader may count slices from either end of the stack.
            let slice = [
                (found[2] - expected[2]).abs(),
                (last - found[2] - expected[2]).abs(),
            ];
            assert!((found[0] - expected[0]).abs() < 1e-3 && (found[1] - expected[1]).abs() < 1e-3);
            assert!(
                slice[0].min(slice[1]) < 1e-3,
                "{} {found:?} {expected:?}",
                series["name"]
            );
        }
    }
}

#[test]
fn the_tilted_stack_is_sheared_and_the_uneven_one_uneven() {
    let truth = truth("geometry");
    let part = Part::open("geometry");
    let grid = |name: &str| {
        let series = truth["series"]
            .as_array()
            .unwrap()
            .iter()
            .find(|s| s["name"] == name)
            .unwrap();
        part.volume(&series["series_instance_uid"]).grid().clone()
    };
    assert!((grid("tilted").shear_rad().to_degrees() - 18.0).abs() < 1e-6);
    assert!(grid("uneven").slice_positions().is_some() && grid("axial").slice_positions().is_none());
    assert!(grid("oblique").shear_rad() < 1e-6 && grid("oblique").row_direction()[0] < 0.97);
}
