//! The joined sources of the shaders: one per picture, with either filter.

use super::device::Filter;
use super::layers::Along;

/// What reads volumes, by hand or by the device.
macro_rules! both {
    ($($part:literal),+) => {
        [
            both!(@by "shaders/shared/by_hand.wgsl", $($part),+),
            both!(@by "shaders/shared/by_device.wgsl", $($part),+),
        ]
    };
    (@by $filter:literal, $($part:literal),+) => {
        concat!(
            include_str!("shaders/shared/fixed.wgsl"),
            include_str!("shaders/shared/frame.wgsl"),
            include_str!("shaders/shared/volume.wgsl"),
            include_str!($filter),
            $(include_str!($part)),+
        )
    };
}

const PLANE: [&str; 2] = both!(
    "shaders/shared/one_volume.wgsl",
    "shaders/shared/color.wgsl",
    "shaders/plane.wgsl",
    "shaders/shared/contours.wgsl"
);

const MIP: [&str; 2] = both!(
    "shaders/shared/one_volume.wgsl",
    "shaders/shared/color.wgsl",
    "shaders/shared/ray.wgsl",
    "shaders/shared/cut.wgsl",
    "shaders/mip.wgsl",
    "shaders/shared/contours.wgsl"
);

const RENDERING: [&str; 2] = both!(
    "shaders/shared/one_volume.wgsl",
    "shaders/shared/ray.wgsl",
    "shaders/shared/cut.wgsl",
    "shaders/shared/look.wgsl",
    "shaders/shared/label.wgsl",
    "shaders/rendering.wgsl",
    "shaders/shared/one_body.wgsl"
);

/// The same of two volumes: label maps are volumes, too.
const RENDERING_OF_TWO: [&str; 2] = both!(
    "shaders/shared/several_volumes.wgsl",
    "shaders/shared/two_volumes.wgsl",
    "shaders/shared/ray.wgsl",
    "shaders/shared/cut.wgsl",
    "shaders/shared/look.wgsl",
    "shaders/shared/label.wgsl",
    "shaders/rendering.wgsl",
    "shaders/shared/two_bodies.wgsl"
);

/// The same of three or four.
const RENDERING_OF_FOUR: [&str; 2] = both!(
    "shaders/shared/several_volumes.wgsl",
    "shaders/shared/four_volumes.wgsl",
    "shaders/shared/ray.wgsl",
    "shaders/shared/cut.wgsl",
    "shaders/shared/look.wgsl",
    "shaders/shared/label.wgsl",
    "shaders/rendering.wgsl",
    "shaders/shared/four_bodies.wgsl"
);

/// Shows a finished image on a texture.
pub(super) const SHOW: &str = include_str!("shaders/show.wgsl");

/// A picture that the device makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Program {
    /// A plane, flat or curved.
    Plane,
    /// A projection along rays.
    Mip,
    /// A volume rendering of one volume.
    Rendering,
    /// A volume rendering of two.
    RenderingOfTwo,
    /// A volume rendering of three or four.
    RenderingOfFour,
}

impl Program {
    /// All there are.
    #[cfg(test)]
    const ALL: [Self; 5] = [
        Self::Plane,
        Self::Mip,
        Self::Rendering,
        Self::RenderingOfTwo,
        Self::RenderingOfFour,
    ];

    /// What its pixels look along.
    pub(super) const fn along(self) -> Along {
        match self {
            Self::Plane => Along::Plane,
            Self::Mip | Self::Rendering | Self::RenderingOfTwo | Self::RenderingOfFour => Along::Rays,
        }
    }

    /// The source with a filter.
    pub(super) const fn source(self, filter: Filter) -> &'static str {
        let both = match self {
            Self::Plane => PLANE,
            Self::Mip => MIP,
            Self::Rendering => RENDERING,
            Self::RenderingOfTwo => RENDERING_OF_TWO,
            Self::RenderingOfFour => RENDERING_OF_FOUR,
        };
        match filter {
            Filter::ByHand => both[0],
            Filter::ByDevice => both[1],
        }
    }
}

#[cfg(test)]
mod tests {
    use naga::valid::{Capabilities, ValidationFlags, Validator};

    use super::{Filter, Program, SHOW};

    /// What every device of WebGPU takes, without extensions.
    fn check(source: &str, entries: &[&str]) {
        let module = naga::front::wgsl::parse_str(source)
            .unwrap_or_else(|error| panic!("{}", error.emit_to_string(source)));
        Validator::new(ValidationFlags::all(), Capabilities::empty())
            .validate(&module)
            .unwrap_or_else(|error| panic!("{}", error.emit_to_string(source)));
        let found: Vec<_> = module
            .entry_points
            .iter()
            .map(|entry| entry.name.as_str())
            .collect();
        assert_eq!(found, entries);
    }

    #[test]
    fn every_shader_is_valid_without_a_device() {
        for program in Program::ALL {
            for filter in [Filter::ByHand, Filter::ByDevice] {
                let entries: &[&str] = match program {
                    Program::Plane | Program::Mip => &["picture", "values", "contours"],
                    _ => &["picture"],
                };
                check(program.source(filter), entries);
            }
        }
        check(SHOW, &["corner", "show"]);
    }

    #[test]
    fn every_shader_names_its_twin_what_goes_in_and_what_comes_out() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/render/gpu/shaders");
        let mut checked = 0;
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                continue;
            }
            #[allow(clippy::disallowed_methods, reason = "the test reads the sources")]
            let source = std::fs::read_to_string(&path).unwrap();
            let head: String = source.lines().take_while(|line| line.starts_with("//")).collect();
            for word in ["Twin:", "In:", "Out:"] {
                assert!(head.contains(word), "{}: no {word}", path.display());
            }
            checked += 1;
        }
        // One shows finished images; renderings share theirs.
        assert_eq!(checked, Program::ALL.len() - 1);
    }
}
