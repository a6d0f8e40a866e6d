//! Where steps lead: no circle, and nothing that is never reached.

use super::{Fault, fault};
use crate::condition::Condition;
use crate::journey::{Journey, Step};

/// Where a step can lead: jumps, and what follows on the road.
fn follows<'a>(journey: &'a Journey, index: usize, step: &'a Step) -> Vec<&'a str> {
    let mut next: Vec<&str> = step.then.iter().map(|g| g.to.as_str()).collect();
    let always = step.then.iter().any(|g| g.when == Condition::Always);
    if !always && !step.last && index + 1 < journey.steps.len() {
        next.push(journey.steps[index + 1].id.as_str());
    }
    next
}

pub(super) fn cycles(journey: &Journey, faults: &mut Vec<Fault>) {
    let steps: Vec<_> = journey.all_steps().collect();
    // 0 unseen, 1 on the way, 2 done.
    let mut mark = vec![0u8; steps.len()];
    for start in 0..steps.len() {
        // An explicit stack, so that a long journey cannot overflow ours.
        let mut stack = vec![(start, 0usize)];
        while let Some((at, edge)) = stack.pop() {
            if edge == 0 {
                if mark[at] != 0 {
                    continue;
                }
                mark[at] = 1;
            }
            let next = follows(journey, at, steps[at]);
            match next.get(edge) {
                None => mark[at] = 2,
                Some(to) => {
                    stack.push((at, edge + 1));
                    if let Some(to) = steps.iter().position(|s| s.id == *to) {
                        if mark[to] == 1 {
                            faults.push(fault(
                                &steps[at].id,
                                format!("a cycle: step '{}' leads back to '{}'", steps[at].id, steps[to].id),
                                "let its jump lead onward",
                            ));
                        } else if mark[to] == 0 {
                            stack.push((to, 0));
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn unreachable(journey: &Journey, faults: &mut Vec<Fault>) {
    let steps: Vec<_> = journey.all_steps().collect();
    let index = |name: &str| steps.iter().position(|s| s.id == name);
    let mut reached = vec![false; steps.len()];
    let mut todo: Vec<usize> = (!steps.is_empty()).then_some(0).into_iter().collect();
    todo.extend(index(&journey.limits.gentle_step));
    todo.extend(journey.interruptions.iter().flat_map(|i| &i.then).filter_map(|g| index(&g.to)));
    while let Some(at) = todo.pop() {
        if !std::mem::replace(&mut reached[at], true) {
            todo.extend(follows(journey, at, steps[at]).into_iter().filter_map(index));
        }
    }
    for (step, reached) in steps.iter().zip(reached) {
        if !reached {
            faults.push(fault(
                &step.id,
                format!("step '{}' is never reached", step.id),
                "let something lead to it, or take it out",
            ));
        }
    }
}
