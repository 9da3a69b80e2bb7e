use std::path::PathBuf;
fn main() {
    let paths: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    let opened = engine::local::open(&paths, &|_, _| {});
    for study in &opened.studies {
        for series in &study.series {
            println!(
                "{} {} {:?} instances {} images {}",
                series.modality,
                series.manufacturer,
                series.description,
                series.instances.len(),
                series.sorted.images.len()
            );
            for stack in &series.sorted.stacks {
                println!(
                    "   stack {:?} spacing {:?} {:?} shear {:.2}",
                    stack.grid.size(),
                    stack.grid.spacing_mm(),
                    stack.labels,
                    stack.grid.shear_rad().to_degrees()
                );
            }
            for warning in &series.warnings {
                println!("   ! {}: {}", warning.code, warning.text);
            }
        }
    }
    for rejected in &opened.rejected {
        println!("rejected {} {}", rejected.path, rejected.reason);
    }
}
