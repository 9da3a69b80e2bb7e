//! What a network was trained on, and what its answers mean.

use crate::geometry::{Direction, Patient, Vector};

/// Most classes that a network may tell apart: labels are stored in one byte.
const MOST_CLASSES: usize = 256;
/// Most voxels of a window: 512 to the third, far beyond what any network is trained on.
const MOST_WINDOW_VOXELS: usize = 1 << 27;

/// Why a card cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CardError {
    /// Two of the axes run along one line of the body.
    #[error("the axes of a network must be three different lines of the body, found {0:?}")]
    Axes([Direction; 3]),
    /// A distance or a standard deviation is not positive and finite.
    #[error("{what} must be positive, found {found}")]
    NotPositive {
        /// What was not positive.
        what: &'static str,
        /// The number found.
        found: f64,
    },
    /// A number is NaN or infinite, or a range is turned round.
    #[error("channel {channel} must have finite, rising numbers, found {found:?}")]
    Channel {
        /// The channel, from 0.
        channel: usize,
        /// Its numbers.
        found: Channel,
    },
    /// There are too few or too many of something.
    #[error("expected {expected} {what}, found {found}")]
    Count {
        /// What was counted.
        what: &'static str,
        /// How many there may be.
        expected: &'static str,
        /// How many there were.
        found: usize,
    },
}

/// Which way the last three dimensions of a network's tensors run through the body, slowest first.
///
/// Arrays of SimpleITK and nnU-Net are `[Head, Posterior, Left]`; MONAI's, brought to "RAS", are
/// `[Right, Anterior, Head]` with the letters naming where the axes point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axes([Direction; 3]);

impl Axes {
    /// Arrays as SimpleITK and nnU-Net lay them: slices to the head, rows to the back, columns to the left.
    pub const SLICES_ROWS_COLUMNS: Self = Self([Direction::Head, Direction::Posterior, Direction::Left]);

    /// Makes axes of three directions, slowest dimension first.
    ///
    /// # Errors
    ///
    /// [`CardError::Axes`] when two of them run along one line.
    pub fn new(directions: [Direction; 3]) -> Result<Self, CardError> {
        let lines = directions.map(|direction| direction.vector().xyz.map(f64::abs));
        let apart = lines[0] != lines[1] && lines[0] != lines[2] && lines[1] != lines[2];
        apart
            .then_some(Self(directions))
            .ok_or(CardError::Axes(directions))
    }

    /// Unit vectors of the dimensions, slowest first.
    #[must_use]
    pub fn vectors(self) -> [Vector<Patient>; 3] {
        self.0.map(Direction::vector)
    }
}

/// One channel of a network's input: how values of a volume become what the network was trained on.
///
/// Values are clipped to `lowest..highest`, then `mean` is taken off and the rest divided by `sd`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Channel {
    /// Values below count as this, in the volume's unit.
    pub lowest: f64,
    /// Values above count as this.
    pub highest: f64,
    /// Taken off.
    pub mean: f64,
    /// Divided by.
    pub sd: f64,
    /// Value outside the volume and where it is NaN, in the volume's unit: -1000 for a CT, 0 for a PET.
    pub outside: f64,
}

impl Channel {
    /// The network's number for a value; `None` is outside the volume.
    #[must_use]
    pub fn normalised(&self, value: Option<f64>) -> f32 {
        let value = value.filter(|value| !value.is_nan()).unwrap_or(self.outside);
        ((value.clamp(self.lowest, self.highest) - self.mean) / self.sd) as f32
    }

    fn is_valid(&self) -> bool {
        let numbers = [self.lowest, self.highest, self.mean, self.sd, self.outside];
        numbers.iter().all(|number| number.is_finite()) && self.lowest <= self.highest && self.sd > 0.0
    }
}

/// What a network was trained on, and what its answers mean.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelCard {
    /// Which way its tensors run.
    pub axes: Axes,
    /// Distance of its voxels along each dimension, mm, slowest first.
    pub spacing_mm: [f64; 3],
    /// Voxels that it looks at in one go along each dimension, slowest first.
    pub window: [usize; 3],
    /// Its input channels in their order; each reads the volume of the same position.
    pub channels: Vec<Channel>,
    /// Names of its classes in their order; the first is the background.
    pub classes: Vec<String>,
}

impl ModelCard {
    /// Checks that the card can be used.
    ///
    /// # Errors
    ///
    /// [`CardError`] naming the first thing that is wrong.
    pub fn check(&self) -> Result<(), CardError> {
        if let Some(&found) = self.spacing_mm.iter().find(|mm| !(**mm > 0.0 && mm.is_finite())) {
            let what = "the distance of a network's voxels";
            return Err(CardError::NotPositive { what, found });
        }
        let voxels = self.window.iter().try_fold(1usize, |all, n| all.checked_mul(*n));
        count(
            "voxels in a window",
            "1 to 134217728",
            voxels.unwrap_or(usize::MAX),
            MOST_WINDOW_VOXELS,
            1,
        )?;
        count("channels", "1 to 16", self.channels.len(), 16, 1)?;
        count("classes", "2 to 256", self.classes.len(), MOST_CLASSES, 2)?;
        match self.channels.iter().position(|channel| !channel.is_valid()) {
            Some(channel) => Err(CardError::Channel {
                channel,
                found: self.channels[channel],
            }),
            None => Ok(()),
        }
    }
}

fn count(
    what: &'static str,
    expected: &'static str,
    found: usize,
    most: usize,
    least: usize,
) -> Result<(), CardError> {
    let fits = (least..=most).contains(&found);
    fits.then_some(()).ok_or(CardError::Count {
        what,
        expected,
        found,
    })
}

#[cfg(test)]
mod tests {
    use super::{Axes, CardError, Channel, ModelCard};
    use crate::geometry::Direction;

    const CT: Channel = Channel {
        lowest: -160.0,
        highest: 240.0,
        mean: 40.0,
        sd: 100.0,
        outside: -1000.0,
    };

    fn card() -> ModelCard {
        ModelCard {
            axes: Axes::SLICES_ROWS_COLUMNS,
            spacing_mm: [3.0, 2.0, 2.0],
            window: [8, 16, 16],
            channels: vec![CT],
            classes: vec!["background".to_owned(), "liver".to_owned()],
        }
    }

    #[test]
    fn values_are_clipped_then_moved_and_scaled() {
        assert_eq!(CT.normalised(Some(140.0)), 1.0);
        assert_eq!(CT.normalised(Some(3000.0)), 2.0);
        assert_eq!((CT.normalised(None), CT.normalised(Some(f64::NAN))), (-2.0, -2.0));
    }

    #[test]
    fn two_axes_along_one_line_are_refused() {
        let directions = [Direction::Head, Direction::Left, Direction::Feet];
        assert_eq!(Axes::new(directions), Err(CardError::Axes(directions)));
        assert!(Axes::new([Direction::Right, Direction::Anterior, Direction::Head]).is_ok());
    }

    fn refused(change: impl Fn(&mut ModelCard), words: &str) {
        let mut card = card();
        change(&mut card);
        assert_eq!(card.check().unwrap_err().to_string(), words);
    }

    #[test]
    fn a_card_that_cannot_be_used_says_why() {
        assert_eq!(card().check(), Ok(()));
        let spacing = "the distance of a network's voxels must be positive, found 0";
        refused(|card| card.spacing_mm[1] = 0.0, spacing);
        let huge = "expected 1 to 134217728 voxels in a window, found 18446744073709551615";
        refused(|card| card.window = [usize::MAX; 3], huge);
        refused(
            |card| card.window[2] = 0,
            "expected 1 to 134217728 voxels in a window, found 0",
        );
        refused(|card| card.channels.clear(), "expected 1 to 16 channels, found 0");
        refused(
            |card| card.classes.truncate(1),
            "expected 2 to 256 classes, found 1",
        );
        let mut flat = card();
        flat.channels[0].sd = 0.0;
        assert!(matches!(flat.check(), Err(CardError::Channel { channel: 0, .. })));
    }
}
