//! A step's beats laid out flat for one plan: conditions carried along, beams written out.

use crate::condition::Condition;
use crate::journey::{BeamRange, Beat, Step};

/// One leaf beat with the conditions it stands under and the beam in scope.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    pub when: Vec<Condition>,
    pub beat: Beat,
    pub beam: usize,
}

/// Lays a step out for a plan with this many beams.
pub(crate) fn compile(step: &Step, beams: usize) -> Vec<Op> {
    let mut ops = Vec::new();
    lay_out(&step.beats, &mut Vec::new(), 0, beams, &mut ops);
    ops
}

fn lay_out(beats: &[Beat], when: &mut Vec<Condition>, beam: usize, beams: usize, ops: &mut Vec<Op>) {
    for beat in beats {
        match beat {
            Beat::When(condition, inner) => {
                when.push(condition.clone());
                lay_out(inner, when, beam, beams, ops);
                when.pop();
            }
            Beat::Beams(range, inner) => {
                let range = match range {
                    BeamRange::First => 0..beams.min(1),
                    BeamRange::Rest => 1..beams.max(1),
                    BeamRange::All => 0..beams,
                };
                for b in range {
                    lay_out(inner, when, b, beams, ops);
                }
            }
            // A step that delivers before any scope delivers the first beam; a plan without beams delivers nothing.
            Beat::Deliver { .. } if beam >= beams => {}
            leaf => ops.push(Op { when: when.clone(), beat: leaf.clone(), beam }),
        }
    }
}
