//! A reader's corrections. Each gives a new result and leaves the old one as it was.

use super::tracks::{FollowUp, LesionRef, Link, Means};

/// Why a correction contradicts what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RelinkError {
    /// There is no such lesion.
    #[error("there is no {0}")]
    NoLesion(LesionRef),
    /// There is no such track.
    #[error("there is no track {0}")]
    NoTrack(u32),
    /// Two lesions of one exam are two lesions.
    #[error("a link joins lesions of different exams, found two of exam {}", .0 + 1)]
    SameExam(usize),
    /// They are linked already.
    #[error("{0} and {1} are linked already")]
    Linked(LesionRef, LesionRef),
    /// They are not linked, so nothing can be undone.
    #[error("{0} and {1} are not linked with each other")]
    NotLinked(LesionRef, LesionRef),
    /// The link would pass over an exam in which the lesion is seen.
    #[error("between the two lies {seen}, which one of them is linked to: link that one, or unlink it first")]
    PassesOver {
        /// The lesion of an exam between.
        seen: LesionRef,
    },
    /// A track cannot be merged with itself.
    #[error("tracks to merge must be two, found track {0} twice")]
    OneTrack(u32),
    /// Both tracks have a lesion in one exam: which lesions are one must be said lesion by lesion.
    #[error("tracks {one} and {other} both have a lesion in exam {}: link their lesions one by one", .exam + 1)]
    SideBySide {
        /// The one track.
        one: u32,
        /// The other.
        other: u32,
        /// Which exam, from 0.
        exam: usize,
    },
}

impl FollowUp {
    /// The same result with two lesions of different exams held to be one, given in either order.
    ///
    /// A lesion with several links on one side is split or merged; that is not refused.
    ///
    /// # Errors
    ///
    /// [`RelinkError`] for lesions that there are not, of one exam or already linked, and where either is linked to a
    /// lesion of an exam between.
    pub fn linked(&self, one: LesionRef, other: LesionRef) -> Result<Self, RelinkError> {
        let (from, to) = self.ordered(one, other)?;
        if self.position(from, to).is_some() {
            return Err(RelinkError::Linked(from, to));
        }
        let between = |at: &LesionRef| from.exam < at.exam && at.exam < to.exam;
        if let Some(seen) = self.after(from).into_iter().chain(self.before(to)).find(between) {
            return Err(RelinkError::PassesOver { seen });
        }
        let means = Means::Reader;
        let links = self.links().iter().copied().chain([Link { from, to, means }]);
        Ok(self.relinked(links.collect()))
    }

    /// The same result with two linked lesions taken apart, given in either order.
    ///
    /// # Errors
    ///
    /// [`RelinkError`] for lesions that there are not or that are not linked with each other.
    pub fn unlinked(&self, one: LesionRef, other: LesionRef) -> Result<Self, RelinkError> {
        let (from, to) = self.ordered(one, other)?;
        let at = self.position(from, to).ok_or(RelinkError::NotLinked(from, to))?;
        let mut links = self.links().to_vec();
        links.remove(at);
        Ok(self.relinked(links))
    }

    /// The same result with two tracks made one, which keeps the lower number.
    ///
    /// Each gap between their lesions in time is closed by a link.
    ///
    /// # Errors
    ///
    /// [`RelinkError`] for tracks that there are not, and where both have a lesion in one exam.
    pub fn merged(&self, one: u32, other: u32) -> Result<Self, RelinkError> {
        if one == other {
            return Err(RelinkError::OneTrack(one));
        }
        let find = |id| {
            let found = self.tracks().iter().find(|track| track.id == id);
            found.ok_or(RelinkError::NoTrack(id))
        };
        let (first, second) = (find(one)?, find(other)?);
        let exams = || 0..self.lesions().len();
        let both = |exam: &usize| first.in_exam(*exam).count() > 0 && second.in_exam(*exam).count() > 0;
        if let Some(exam) = exams().find(both) {
            return Err(RelinkError::SideBySide { one, other, exam });
        }
        let members = |exam| {
            first
                .in_exam(exam)
                .chain(second.in_exam(exam))
                .collect::<Vec<_>>()
        };
        let seen: Vec<Vec<LesionRef>> = exams()
            .map(members)
            .filter(|of_exam| !of_exam.is_empty())
            .collect();
        // A link of either track over an exam where the other has its lesion would pass over that lesion.
        let mine = |link: &Link| first.lesions.contains(&link.from) || second.lesions.contains(&link.from);
        let crossed = |link: &Link| {
            seen.iter()
                .any(|of| link.from.exam < of[0].exam && of[0].exam < link.to.exam)
        };
        let kept = self.links().iter().filter(|link| !(mine(link) && crossed(link)));
        let mut links: Vec<Link> = kept.copied().collect();
        for pair in seen.windows(2) {
            close(&mut links, &pair[0], &pair[1]);
        }
        Ok(self.relinked(links))
    }

    fn ordered(&self, one: LesionRef, other: LesionRef) -> Result<(LesionRef, LesionRef), RelinkError> {
        for at in [one, other] {
            if !self.holds(at) {
                return Err(RelinkError::NoLesion(at));
            }
        }
        if one.exam == other.exam {
            return Err(RelinkError::SameExam(one.exam));
        }
        Ok((one.min(other), one.max(other)))
    }

    fn position(&self, from: LesionRef, to: LesionRef) -> Option<usize> {
        self.links()
            .iter()
            .position(|link| link.from == from && link.to == to)
    }
}

/// Links all lesions of one exam with all of the next that has any, unless some already are.
fn close(links: &mut Vec<Link>, earlier: &[LesionRef], later: &[LesionRef]) {
    let joins = |link: &Link| earlier.contains(&link.from) && later.contains(&link.to);
    if links.iter().any(joins) {
        return;
    }
    let means = Means::Reader;
    for &from in earlier {
        links.extend(later.iter().map(|&to| Link { from, to, means }));
    }
}
