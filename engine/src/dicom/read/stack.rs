//! Frames to stacks: which frames of a series lie on one grid, and in what order, by geometry alone.

use codec::Warning;
use dicom_dictionary_std::tags;

use super::attributes::Attributes;
use super::frame::Frame;
use super::instance::Instance;
use super::spacing;
use crate::geometry::{Grid, Patient, Vector};

/// Orientations whose axes differ by less are one (radians): more than rounding, less than any tilt.
const SAME_ORIENTATION: f64 = 1e-3;

/// Slices closer than this are at one place, mm: positions are often rounded to hundredths.
pub(super) const SAME_PLACE_MM: f64 = 0.01;

/// A frame of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FrameRef {
    /// Index of the instance in its series.
    pub instance: usize,
    /// Frame of that instance, from 0.
    pub frame: usize,
}

/// Frames that make one volume, in the order of their slices.
#[derive(Debug, Clone)]
pub struct Stack {
    /// One frame a slice, along the slices' normal.
    pub frames: Vec<FrameRef>,
    /// Where their voxels lie.
    pub grid: Grid,
    /// What sets this stack apart from others of its series: phase, time slot, energy window, echo. Times
    /// and other numbers are in thousandths of their attribute's unit.
    pub labels: Vec<(&'static str, i64)>,
    /// Frame of Reference UID of its frames.
    pub frame_of_reference_uid: Option<String>,
    /// What was odd.
    pub warnings: Vec<Warning>,
}

/// The frames of a series, sorted out.
#[derive(Debug, Clone, Default)]
pub struct Sorted {
    /// Volumes, the one with most slices first.
    pub stacks: Vec<Stack>,
    /// Frames without a place in a volume: projections, planar images, secondary captures, localizers.
    pub images: Vec<FrameRef>,
    /// What was odd about the series as a whole.
    pub warnings: Vec<Warning>,
}

/// A frame with a place, on its way into a stack.
#[derive(Clone)]
pub(super) struct Placed<'a> {
    pub(super) at: FrameRef,
    pub(super) frame: &'a Frame,
    pub(super) instance_number: i64,
    /// Distance along the common normal, mm.
    pub(super) along_mm: f64,
}

/// Puts the frames of a series into stacks.
#[must_use]
pub fn sort(instances: &[Instance]) -> Sorted {
    let mut sorted = Sorted::default();
    for cluster in clusters(instances, &mut sorted) {
        for group in separate(cluster, &mut sorted) {
            match spacing::stack(&group, instances) {
                Ok(stack) => sorted.stacks.push(stack),
                Err(error) => {
                    sorted.warnings.push(Warning::new("no-volume", error.to_string()));
                    sorted.images.extend(group.iter().map(|placed| placed.at));
                }
            }
        }
    }
    sorted.stacks.sort_by_key(|stack| {
        (
            std::cmp::Reverse(stack.frames.len()),
            stack.labels.clone(),
            stack.frames[0],
        )
    });
    sorted
        .images
        .sort_by_key(|at| (instances[at.instance].instance_number(), *at));
    sorted
}

/// Frames that could share a grid: same matrix, values, spacing, orientation and frame of reference.
fn clusters<'a>(instances: &'a [Instance], sorted: &mut Sorted) -> Vec<Vec<Placed<'a>>> {
    let mut clusters: Vec<(Key, Vec<Placed<'a>>)> = Vec::new();
    let mut apart = 0;
    for (index, instance) in instances.iter().enumerate() {
        let belongs = !instance.is_localizer() && !instance.is_secondary_capture();
        apart += usize::from(!belongs);
        for (number, frame) in instance.frames.iter().enumerate() {
            let at = FrameRef {
                instance: index,
                frame: number,
            };
            let Some(key) = Key::of(instance, frame).filter(|_| belongs) else {
                sorted.images.push(at);
                continue;
            };
            let normal = key.orientation[0].cross(key.orientation[1]);
            let position = frame.position.expect("a key needs a position");
            let placed = Placed {
                at,
                frame,
                instance_number: instance.instance_number().unwrap_or(i64::MAX),
                along_mm: position.xyz.dot(&normal.xyz),
            };
            match clusters.iter_mut().find(|(other, _)| other.matches(&key)) {
                Some((_, cluster)) => cluster.push(placed),
                None => clusters.push((key, vec![placed])),
            }
        }
    }
    if apart > 0 && clusters.iter().any(|(_, cluster)| cluster.len() > 1) {
        let text = format!("{apart} localizers or secondary captures are kept apart from the volume");
        sorted.warnings.push(Warning::new("kept-apart", text));
    }
    remark_on_clusters(&clusters, sorted);
    clusters.into_iter().map(|(_, cluster)| cluster).collect()
}

fn remark_on_clusters(clusters: &[(Key, Vec<Placed<'_>>)], sorted: &mut Sorted) {
    if clusters.len() > 1 {
        let first = &clusters[0].0;
        let tilts = clusters.iter().any(|(key, _)| !key.same_orientation(first));
        let text = format!(
            "expected one matrix, spacing and orientation, found {}; each is a volume of its own",
            clusters.len()
        );
        sorted.warnings.push(Warning::new(
            if tilts {
                "several-orientations"
            } else {
                "several-geometries"
            },
            text,
        ));
    }
}

/// What frames of one grid have in common.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    size: [u32; 2],
    bits: [i64; 3],
    spacing_mm: [f64; 2],
    orientation: [Vector<Patient>; 2],
    frame_of_reference_uid: Option<String>,
}

impl Key {
    /// `None` for frames that no volume is made of: colour, without place or spacing, without pixels.
    fn of(instance: &Instance, frame: &Frame) -> Option<Self> {
        let value = |tag, default| instance.data_set.integer(tag).unwrap_or(default);
        let is_grey = value(tags::SAMPLES_PER_PIXEL, 1) == 1
            && instance
                .data_set
                .text(tags::PHOTOMETRIC_INTERPRETATION)
                .is_none_or(|term| term.starts_with("MONOCHROME"));
        frame.position?;
        let key = Self {
            size: frame.size,
            bits: [
                value(tags::BITS_ALLOCATED, 0),
                value(tags::BITS_STORED, 0),
                value(tags::PIXEL_REPRESENTATION, 0),
            ],
            spacing_mm: frame.pixel_spacing_mm?,
            orientation: frame.orientation?,
            frame_of_reference_uid: instance.frame_of_reference_uid(),
        };
        (is_grey && key.size.iter().all(|n| *n > 0)).then_some(key)
    }

    fn matches(&self, other: &Self) -> bool {
        let same_spacing = self
            .spacing_mm
            .iter()
            .zip(other.spacing_mm)
            .all(|(a, b)| (a - b).abs() < 1e-4 * a);
        self.size == other.size
            && self.bits == other.bits
            && self.frame_of_reference_uid == other.frame_of_reference_uid
            && same_spacing
            && self.same_orientation(other)
    }

    fn same_orientation(&self, other: &Self) -> bool {
        self.orientation
            .iter()
            .zip(other.orientation)
            .all(|(a, b)| (*a - b).norm() < SAME_ORIENTATION)
    }
}

/// Splits frames that lie at the same places into one set a phase, time, energy window or echo.
fn separate<'a>(mut cluster: Vec<Placed<'a>>, sorted: &mut Sorted) -> Vec<Vec<Placed<'a>>> {
    cluster.sort_by(|a, b| {
        a.along_mm
            .total_cmp(&b.along_mm)
            .then(a.instance_number.cmp(&b.instance_number))
            .then(a.at.cmp(&b.at))
    });
    if is_distinct(&cluster) {
        return vec![cluster];
    }
    let names: Vec<&'static str> = cluster[0].frame.labels.iter().map(|(name, _)| *name).collect();
    let single = names.iter().map(|name| vec![*name]);
    // NM and enhanced frames are told apart by several vectors together; times among them say the same again.
    let together = std::iter::once(
        names
            .iter()
            .copied()
            .filter(|name| !name.contains("time") || *name == "time slot" || *name == "time slice")
            .collect(),
    );
    let mut divisions: Vec<Vec<Vec<Placed<'a>>>> = single
        .chain(together)
        .filter_map(|names: Vec<&str>| divide(&cluster, &names))
        .collect();
    // The fewest sets explain the duplicates best.
    divisions.sort_by_key(Vec::len);
    match divisions.into_iter().next() {
        Some(division) => division,
        None => by_occurrence(cluster, sorted),
    }
}

fn is_distinct(frames: &[Placed<'_>]) -> bool {
    frames
        .windows(2)
        .all(|pair| pair[1].along_mm - pair[0].along_mm > SAME_PLACE_MM)
}

/// Groups frames by the values of `names`; `None` unless that leaves no two frames of a group at one place.
fn divide<'a>(frames: &[Placed<'a>], names: &[&str]) -> Option<Vec<Vec<Placed<'a>>>> {
    let mut groups: std::collections::BTreeMap<Vec<i64>, Vec<Placed<'a>>> = std::collections::BTreeMap::new();
    for placed in frames {
        let value = |name: &&str| {
            placed
                .frame
                .labels
                .iter()
                .find(|(label, _)| label == name)
                .map(|(_, value)| *value)
        };
        let key: Option<Vec<i64>> = names.iter().map(value).collect();
        groups.entry(key?).or_default().push(placed.clone());
    }
    let useful = groups.len() > 1 && groups.values().all(|group| is_distinct(group));
    // Times that differ from slice to slice would give each slice a volume of its own.
    let whole = groups.len() <= frames.len() / 2 || frames.len() == groups.len() && same_place(frames);
    (useful && whole).then(|| groups.into_values().collect())
}

fn same_place(frames: &[Placed<'_>]) -> bool {
    frames
        .windows(2)
        .all(|pair| pair[1].along_mm - pair[0].along_mm <= SAME_PLACE_MM)
}

/// Without a label to tell them by: the first at each place is one volume, the second another, and so on,
/// when all places have as many; else the first of each place make the volume and the rest is left out.
fn by_occurrence<'a>(frames: Vec<Placed<'a>>, sorted: &mut Sorted) -> Vec<Vec<Placed<'a>>> {
    let mut places: Vec<Vec<Placed<'a>>> = Vec::new();
    for placed in frames {
        match places.last_mut() {
            Some(place) if placed.along_mm - place[0].along_mm <= SAME_PLACE_MM => place.push(placed),
            _ => places.push(vec![placed]),
        }
    }
    let times = places[0].len();
    if places.iter().all(|place| place.len() == times) {
        let text = format!(
            "expected one frame a position, found {times} without a label; taken apart by instance number"
        );
        sorted.warnings.push(Warning::new("unlabelled-frames", text));
        return (0..times)
            .map(|time| places.iter().map(|place| place[time].clone()).collect())
            .collect();
    }
    let extra: usize = places.iter().map(|place| place.len() - 1).sum();
    let text =
        format!("expected one frame a position, found {extra} more; the first of each position is used");
    sorted.warnings.push(Warning::new("duplicate-positions", text));
    sorted.images.extend(
        places
            .iter()
            .flat_map(|place| place[1..].iter().map(|placed| placed.at)),
    );
    vec![places.into_iter().map(|place| place[0].clone()).collect()]
}
