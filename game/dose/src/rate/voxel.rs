//! The metrics in one voxel: two numbers of state each, fed spot by spot in the order of time.

use super::DoseRateMetric;

/// What one spot gives one voxel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contribution {
    /// Dose, Gy, above 0.
    pub dose_gy: f64,
    /// When the spot begins, s after the beam's start.
    pub start_s: f64,
    /// How long it lasts, s, above 0.
    pub length_s: f64,
}

/// Sums, or the times of two crossings (below 0: not yet).
pub(super) type State = [f64; 2];

/// Dose rate of a voxel, Gy/s, from what each spot gives it, in the order of time. None where the metric has no value: no
/// dose, or less than its threshold.
///
/// Within a spot the dose grows evenly. A crossing that falls between two spots counts at the end of the earlier.
pub fn rate_of(contributions: &[Contribution], metric: DoseRateMetric) -> Option<f64> {
    let total = contributions.iter().fold(0.0, |sum, c| sum + c.dose_gy);
    let mut state = metric.start();
    let mut before = 0.0;
    for c in contributions {
        metric.add(&mut state, c, before, total);
        before += c.dose_gy;
    }
    metric.rate(&state, total)
}

impl DoseRateMetric {
    pub(super) fn start(&self) -> State {
        match self {
            Self::DoseAveraged | Self::DoseThreshold { .. } => [0.0; 2],
            Self::Percentile { .. } | Self::Pbs { .. } => [-1.0; 2],
        }
    }

    /// Of `total`: the doses at which the clock starts and stops.
    fn window(&self, total: f64) -> [f64; 2] {
        let end = match *self {
            Self::Percentile { percent } => 0.005 * (100.0 - percent) * total,
            Self::Pbs { threshold_gy } => threshold_gy,
            _ => 0.0,
        };
        [end, total - end]
    }

    /// `before`: what the voxel has got before this spot; `total`: what it will have got at the end.
    pub(super) fn add(&self, state: &mut State, c: &Contribution, before: f64, total: f64) {
        match *self {
            Self::DoseAveraged => state[0] += c.dose_gy * c.dose_gy / c.length_s,
            Self::DoseThreshold { threshold_gy } => {
                if c.dose_gy >= threshold_gy {
                    state[0] += c.dose_gy;
                    state[1] += c.length_s;
                }
            }
            Self::Percentile { .. } | Self::Pbs { .. } => {
                for (at, dose) in state.iter_mut().zip(self.window(total)) {
                    if *at < 0.0 && before + c.dose_gy >= dose {
                        *at = c.start_s + ((dose - before) / c.dose_gy).clamp(0.0, 1.0) * c.length_s;
                    }
                }
            }
        }
    }

    pub(super) fn rate(&self, state: &State, total: f64) -> Option<f64> {
        let (dose, time) = match self {
            Self::DoseAveraged => (state[0], total),
            Self::DoseThreshold { .. } => (state[0], state[1]),
            Self::Percentile { .. } | Self::Pbs { .. } => {
                let [from, to] = self.window(total);
                (to - from, state[1] - state[0])
            }
        };
        (total > 0.0 && dose > 0.0 && time > 0.0).then(|| dose / time)
    }
}
