//! What became of each lesion.

use super::body::Placed;

/// One lesion of one exam.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LesionRef {
    /// Which exam, from 0 for the earliest.
    pub exam: usize,
    /// Which of its lesions, from 0, as they were given.
    pub lesion: usize,
}

/// Shown to people, who count from 1.
impl std::fmt::Display for LesionRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "lesion {} of exam {}", self.lesion + 1, self.exam + 1)
    }
}

/// Why two lesions are held to be one.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Means {
    /// They lie in one place.
    Overlap {
        /// Volume they share, mL: the mean of what either covers of the other.
        overlap_ml: f64,
        /// That volume as a part of the smaller lesion.
        of_smaller: f64,
    },
    /// They lie near each other.
    Distance {
        /// From center to center, mm.
        distance_mm: f64,
    },
    /// A reader said so.
    Reader,
}

/// Two lesions held to be one, in an earlier and a later exam.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// The lesion of the earlier exam.
    pub from: LesionRef,
    /// The lesion of the later exam.
    pub to: LesionRef,
    /// Why.
    pub means: Means,
}

/// A lesion through the exams, with all it split into or merged from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// Number of the track, from 1 in reading order of the first exam that has it. It stays with the track when a
    /// reader links and unlinks, and is never given to another; a host makes its tracking UID of it.
    pub id: u32,
    /// Its lesions, by exam, then by number.
    pub lesions: Vec<LesionRef>,
}

impl Track {
    /// Its lesions in one exam: none, one, or the parts of one that split.
    pub fn in_exam(&self, exam: usize) -> impl Iterator<Item = LesionRef> + '_ {
        self.lesions.iter().copied().filter(move |at| at.exam == exam)
    }
}

/// Where a lesion comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Arrival {
    /// It belongs to the first exam.
    First,
    /// No earlier exam has it.
    New,
    /// It is one lesion of the exam before.
    Persistent,
    /// It is one lesion of an earlier exam, gone in between.
    Reappeared,
    /// It is a part of one earlier lesion.
    Split,
    /// It was several earlier lesions.
    Merged,
}

/// What becomes of a lesion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Departure {
    /// It belongs to the last exam.
    Last,
    /// No later exam has it.
    Resolved,
    /// It is one lesion of the next exam.
    Persistent,
    /// It is gone in the next exam and back in a later one.
    Paused,
    /// It becomes several later lesions.
    Split,
    /// With others it becomes one later lesion.
    Merged,
}

/// The lesions of several exams, linked into tracks.
#[derive(Debug, Clone, PartialEq)]
pub struct FollowUp {
    lesions: Vec<usize>,
    links: Vec<Link>,
    tracks: Vec<Track>,
    next_id: u32,
}

impl FollowUp {
    pub(super) fn new(exams: &[Placed], links: Vec<Link>) -> Self {
        let lesions: Vec<usize> = exams.iter().map(|exam| exam.bodies.len()).collect();
        let mut followed = Self {
            lesions,
            links,
            tracks: Vec::new(),
            next_id: 1,
        };
        let first_voxel = |at: &LesionRef| exams[at.exam].bodies[at.lesion].mask.runs();
        let mut groups = followed.groups();
        for group in &mut groups {
            group.sort_by(|a, b| (a.exam, first_voxel(a)).cmp(&(b.exam, first_voxel(b))));
        }
        groups.sort_by(|a, b| (a[0].exam, first_voxel(&a[0])).cmp(&(b[0].exam, first_voxel(&b[0]))));
        for lesions in groups {
            followed.add_track(lesions);
        }
        followed
    }

    /// Lesions of each exam.
    #[must_use]
    pub fn lesions(&self) -> &[usize] {
        &self.lesions
    }

    /// All links, by their earlier, then their later lesion.
    #[must_use]
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// All tracks, by number.
    #[must_use]
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// The track that a lesion belongs to; `None` for a lesion that there is not.
    #[must_use]
    pub fn track_of(&self, at: LesionRef) -> Option<&Track> {
        self.tracks.iter().find(|track| track.lesions.contains(&at))
    }

    /// Where a lesion comes from; `None` for a lesion that there is not.
    ///
    /// One that both split off and merged counts as merged. With the exams in reverse order this is
    /// [`FollowUp::departure`].
    #[must_use]
    pub fn arrival(&self, at: LesionRef) -> Option<Arrival> {
        self.holds(at).then(|| match self.before(at).as_slice() {
            [] if at.exam == 0 => Arrival::First,
            [] => Arrival::New,
            [one] if self.after(*one).len() > 1 => Arrival::Split,
            [one] if at.exam - one.exam > 1 => Arrival::Reappeared,
            [_] => Arrival::Persistent,
            _ => Arrival::Merged,
        })
    }

    /// What becomes of a lesion; `None` for a lesion that there is not.
    ///
    /// One that both split and merged counts as split.
    #[must_use]
    pub fn departure(&self, at: LesionRef) -> Option<Departure> {
        self.holds(at).then(|| match self.after(at).as_slice() {
            [] if at.exam + 1 == self.lesions.len() => Departure::Last,
            [] => Departure::Resolved,
            [one] if self.before(*one).len() > 1 => Departure::Merged,
            [one] if one.exam - at.exam > 1 => Departure::Paused,
            [_] => Departure::Persistent,
            _ => Departure::Split,
        })
    }

    /// The earlier lesions that a lesion is linked to.
    #[must_use]
    pub fn before(&self, at: LesionRef) -> Vec<LesionRef> {
        self.links
            .iter()
            .filter(|link| link.to == at)
            .map(|link| link.from)
            .collect()
    }

    /// The later lesions that a lesion is linked to.
    #[must_use]
    pub fn after(&self, at: LesionRef) -> Vec<LesionRef> {
        self.links
            .iter()
            .filter(|link| link.from == at)
            .map(|link| link.to)
            .collect()
    }

    pub(super) fn holds(&self, at: LesionRef) -> bool {
        self.lesions
            .get(at.exam)
            .is_some_and(|lesions| at.lesion < *lesions)
    }

    /// The same lesions with other links; numbers stay with the track that holds its first lesion still.
    pub(super) fn relinked(&self, mut links: Vec<Link>) -> Self {
        links.sort_by_key(|link| (link.from, link.to));
        let mut followed = Self {
            lesions: self.lesions.clone(),
            links,
            tracks: Vec::new(),
            next_id: self.next_id,
        };
        let groups = followed.groups();
        let kept = |group: &[LesionRef]| {
            let of_group = self
                .tracks
                .iter()
                .filter(|track| group.contains(&track.lesions[0]));
            of_group.map(|track| track.id).min()
        };
        let (old, new): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| kept(group).is_some());
        for lesions in old {
            if let Some(id) = kept(&lesions) {
                followed.tracks.push(Track { id, lesions });
            }
        }
        for lesions in new {
            followed.add_track(lesions);
        }
        followed.tracks.sort_by_key(|track| track.id);
        followed
    }

    fn add_track(&mut self, mut lesions: Vec<LesionRef>) {
        lesions.sort_unstable();
        let id = self.next_id;
        self.next_id += 1;
        self.tracks.push(Track { id, lesions });
    }

    /// Lesions linked with one another, directly or through others.
    fn groups(&self) -> Vec<Vec<LesionRef>> {
        let mut groups: Vec<Vec<LesionRef>> = Vec::new();
        let all = self.lesions.iter().enumerate();
        for at in all.flat_map(|(exam, count)| (0..*count).map(move |lesion| LesionRef { exam, lesion })) {
            let before = self.before(at);
            let near = |group: &Vec<LesionRef>| before.iter().any(|before| group.contains(before));
            let (joined, apart): (Vec<_>, Vec<_>) = groups.into_iter().partition(near);
            groups = apart;
            groups.push(joined.into_iter().flatten().chain([at]).collect());
        }
        for group in &mut groups {
            group.sort_unstable();
        }
        groups.sort_unstable();
        groups
    }
}
