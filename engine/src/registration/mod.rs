//! The transform between two volumes.

mod climb;
mod contour;
mod correlation;
mod error;
mod image;
mod information;
mod intensity;
mod metric;
mod model;
mod options;
mod outline;
mod readings;
mod search;
mod watch;

pub use error::Error;
pub use metric::{Evaluation, Metric, Similarity};
pub use model::Model;
pub use options::{Options, Region, Start};
pub use watch::Watch;
mod find;
pub mod trial {
    //! Scratch.
    use super::*;
    use crate::geometry::*;
    use crate::volume::*;
    /// x
    pub fn go(fixed: &Volume, moving: &Volume, clock: &dyn Fn() -> f64, truth: &Affine<Patient, Patient>) {
        let t0 = clock();
        let cells = search::cells_mm(fixed, moving);
        let f = search::Side::new(fixed, &cells, true).unwrap();
        let m = search::Side::new(moving, &cells, true).unwrap();
        println!("sides {:.2} s, cells {cells:?}, outline {:?} {:?}", clock() - t0, f.outline.as_ref().map(|o| (o.bounds, o.surface.len())), m.outline.as_ref().map(|o| (o.bounds, o.surface.len())));
        let s = find::Search::new(&f, &m, Similarity::MutualInformation, Model::Rigid, None, &cells, &());
        println!("samples {:.2}", clock() - t0);
        let starts = s.starts();
        for a in &starts { println!("start {:.2} apart {:.2}", clock() - t0, s.apart_mm(a, truth)); }
        let coarse = cells.len() - 1;
        for a in &starts { let top = s.climb(coarse, Model::Rigid, *a); println!("  coarse {:.2} s v {:.4} o {:.3} apart {:.2}", clock() - t0, top.evaluation.value, top.evaluation.overlap, s.apart_mm(&top.moving_from_fixed, truth)); }
        for level in (0..cells.len()).rev() { let top = s.climb(level, Model::Rigid, *truth); println!("  from truth level {level} {:.2} s v {:.4} o {:.3} apart {:.2}", clock() - t0, top.evaluation.value, top.evaluation.overlap, s.apart_mm(&top.moving_from_fixed, truth)); }
        let t1 = clock();
        let tops = s.from(&starts);
        for top in tops { println!("top v {:.4} o {:.3} apart {:.3} mean {:.3}", top.evaluation.value, top.evaluation.overlap, s.apart_mm(&top.moving_from_fixed, truth), s.mean_apart_mm(&top.moving_from_fixed, truth)); 
         if let (Some(a), Some(b)) = (f.body(), m.body()) { println!("misfit {:?}", contour::misfit(a, b, &top.moving_from_fixed)); } }
        println!("total {:.2} s, search {:.2}", clock() - t0, clock() - t1);
    }


    /// y
    pub fn sts(fixed: &Volume, moving: &Volume, clock: &dyn Fn() -> f64, perturb: &dyn Fn(usize) -> (Affine<Patient, Patient>, Volume)) {
        let cells = search::cells_mm(fixed, moving);
        let identity = Affine::identity();
        let ml = |v: &Volume| v.grid().voxel_ml(0) * v.grid().voxels() as f64;
        let swap = std::env::var("SWAP").map_or(ml(moving) < ml(fixed), |v| v == "1"); println!("{} {}", ml(moving), ml(fixed));
        let sim = if std::env::var("NMI").is_ok() { Similarity::NormalisedMutualInformation } else { Similarity::MutualInformation };
        // gives moving from fixed
        let run = |moving: &Volume| {
            let f = search::Side::new(fixed, &cells, true).unwrap();
            let m = search::Side::new(moving, &cells, true).unwrap();
            let (a, b) = if swap { (&m, &f) } else { (&f, &m) };
            let s = find::Search::new(a, b, sim, Model::Rigid, None, &cells, &());
            let mut starts = vec![identity];
            if std::env::var("AUTO").is_ok() { starts = s.starts(); }
            let tops = s.from(&starts);
            let top = tops[0];
            let map = if swap { top.moving_from_fixed.inverse().unwrap() } else { top.moving_from_fixed };
            (map, top.evaluation)
        };
        let f = search::Side::new(fixed, &cells, true).unwrap();
        let mean = |a: &Affine<Patient, Patient>, b: &Affine<Patient, Patient>| f.corners().iter().map(|c| (*a * *c).distance(*b * *c)).sum::<f64>() / 8.0;
        let (from, e) = run(moving);
        println!("swap {swap}; unperturbed v {:.4} o {:.3} from aligned {:.2}", e.value, e.overlap, mean(&from, &identity));
        if std::env::var("QUICK").is_ok() { return; }
        for n in 0..10 {
            let (by, volume) = perturb(n);
            let t0 = clock();
            let (map, e) = run(&volume);
            let back = by.inverse().unwrap() * map;
            println!("{n} moved {:.1}: v {:.4} o {:.3} from aligned {:.2}, from unperturbed {:.2} {:.2} s", mean(&by, &identity), e.value, e.overlap, mean(&back, &identity), mean(&back, &from), clock() - t0);
        }
    }
}
