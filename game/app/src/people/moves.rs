//! What a person does, as shares of the movements in their file. Everything follows the session's own clock, so that a moment
//! always looks the same, and steps follow the way walked, so that feet do not slide.

use bevy::gltf::Gltf;
use bevy::prelude::*;
use vestibule_scenario::{Doing, SessionState, StaffPose};

use super::Staff;
use crate::now::Now;

/// Movements in a person's file, by name.
pub const NAMES: [&str; MOVES] = ["idle", "talk", "wave", "walk", "work"];
const MOVES: usize = 5;
const IDLE: usize = 0;
const TALK: usize = 1;
const WAVE: usize = 2;
const WALK: usize = 3;
const WORK: usize = 4;
/// Seconds from one movement to the next.
const BLEND_S: f32 = 0.5;
/// Seconds that a wave takes, and from one to the next; seconds of a fade before the first.
const WAVE_S: f64 = 2.8;
const WAVE_EVERY_S: f64 = 8.0;
const WAVE_AFTER_S: f64 = 1.0;
/// Metres walked in one turn of the walk.
const STRIDE_M: f32 = 0.99;
/// Who is farther than this from where they were has not walked there, metres.
const JUMP_M: f32 = 0.5;
/// How fast a body turns, radians per second, and how fast a gaze follows, per second.
const TURN_PER_S: f32 = 2.4;
const GAZE_PER_S: f32 = 4.0;

/// What a person is doing in this moment.
#[derive(Component, Default)]
pub struct Act {
    at_s: f64,
    began_s: f64,
    doing: Doing,
    seen: bool,
    at: Vec3,
    walked_m: f32,
    share: [f32; MOVES],
    /// Seconds since the last frame on the session's clock.
    past_s: f32,
    holds: f32,
    /// Turn about +Y that is shown, radians.
    pub heading: f32,
    /// Where the eyes go, in the body's own frame.
    pub gaze: Option<Vec3>,
}

impl Act {
    /// How much of this movement is shown.
    pub fn work(&self) -> f32 {
        self.share[WORK]
    }

    /// How far both hands are at what they hold out, 0 to 1.
    pub fn holds(&self) -> f32 {
        self.holds
    }

    /// Steps to this frame. `heading` is where the body should face, radians about +Y.
    pub fn step(&mut self, pose: &StaffPose, s: &SessionState, heading: f32) {
        let at = Vec3::from(pose.at_m.map(|v| v as f32));
        let way = at.distance(self.at);
        let fresh = !self.seen || way > JUMP_M || s.elapsed_s < self.at_s;
        self.past_s = if fresh { 0.0 } else { (s.elapsed_s - self.at_s) as f32 };
        if fresh {
            // somebody who is found in the middle of a step has been at it since it began
            self.began_s = s.elapsed_s - s.step_time_s + WAVE_AFTER_S;
        } else if pose.doing != self.doing {
            self.began_s = s.elapsed_s;
        }
        self.walked_m = if fresh { 0.0 } else { self.walked_m + way };
        (self.at, self.at_s, self.doing, self.seen) = (at, s.elapsed_s, pose.doing, true);
        let want = self.wanted(s);
        let holds = f32::from(u8::from(matches!(pose.doing, Doing::Asks | Doing::Carries)));
        let most = if fresh { 1.0 } else { self.past_s / BLEND_S };
        self.holds += (holds - self.holds).clamp(-most, most);
        if fresh {
            (self.share, self.heading, self.gaze) = ([0.0; MOVES], heading, None);
            self.share[want] = 1.0;
            return;
        }
        let rest: f32 = 1.0 - self.share[want];
        let now = (self.share[want] + self.past_s / BLEND_S).min(1.0);
        for (k, share) in self.share.iter_mut().enumerate() {
            *share = if k == want { now } else { *share * (1.0 - now) / rest.max(1e-6) };
        }
        let off =
            (heading - self.heading + std::f32::consts::PI).rem_euclid(std::f32::consts::TAU) - std::f32::consts::PI;
        let most = TURN_PER_S * self.past_s;
        self.heading += (off * (self.past_s * 5.0).min(1.0)).clamp(-most, most);
    }

    /// The eyes follow to a direction in the body's own frame.
    pub fn follow(&mut self, to: Vec3) -> Vec3 {
        let k = (self.past_s * GAZE_PER_S).min(1.0);
        let gaze = self.gaze.map_or(to, |g| g.lerp(to, k).normalize_or(to));
        self.gaze = Some(gaze);
        gaze
    }

    fn since(&self) -> f64 {
        self.at_s - self.began_s
    }

    fn wanted(&self, s: &SessionState) -> usize {
        let says = if s.caption.is_some() { TALK } else { IDLE };
        match self.doing {
            Doing::Walks => WALK,
            Doing::Works => WORK,
            Doing::Speaks => says,
            Doing::Greets if self.since() < 0.0 => IDLE,
            Doing::Greets if self.since() % WAVE_EVERY_S < WAVE_S => WAVE,
            Doing::Greets => says,
            Doing::Looks | Doing::Watches | Doing::Asks | Doing::Carries => IDLE,
        }
    }

    /// Place in the clip of a movement that lasts `long` seconds; `own` parts people who do the same.
    fn time(&self, of: usize, long: f32, own: f32) -> f32 {
        match of {
            WALK => (self.walked_m / STRIDE_M * long).rem_euclid(long),
            WAVE => ((self.since() % WAVE_EVERY_S).max(0.0) as f32).min(long),
            _ => ((self.at_s as f32) + own).rem_euclid(long),
        }
    }
}

/// The file that a person's movements are in.
#[derive(Component)]
pub struct Source(pub Handle<Gltf>);

/// The movements of one animated figure: nodes of its graph and how long each lasts.
#[derive(Component)]
pub struct Moves {
    nodes: [Option<(AnimationNodeIndex, f32)>; MOVES],
    owner: Entity,
}

/// Ties the movements of a file to the figure that was made of it.
pub fn wire(
    mut commands: Commands,
    new: Query<Entity, (With<AnimationPlayer>, Without<Moves>)>,
    parents: Query<&ChildOf>,
    sources: Query<&Source>,
    files: Res<Assets<Gltf>>,
    clips: Res<Assets<AnimationClip>>,
    mut graphs: ResMut<Assets<AnimationGraph>>,
) {
    for player in &new {
        let Some((owner, source)) = parents.iter_ancestors(player).find_map(|e| Some((e, sources.get(e).ok()?))) else {
            continue;
        };
        let Some(file) = files.get(&source.0) else { continue };
        let mut graph = AnimationGraph::new();
        let root = graph.root;
        let nodes = NAMES.map(|name| {
            let clip = file.named_animations.get(name)?;
            let long = clips.get(clip)?.duration();
            Some((graph.add_clip(clip.clone(), 1.0, root), long))
        });
        commands.entity(player).insert((AnimationGraphHandle(graphs.add(graph)), Moves { nodes, owner }));
    }
}

/// Shows every figure's movements at their shares.
pub fn play(now: Res<Now>, people: Query<(&Staff, &Act)>, mut players: Query<(&Moves, &mut AnimationPlayer)>) {
    for (moves, mut player) in &mut players {
        let person = people.get(moves.owner).ok();
        for (k, (node, long)) in moves.nodes.iter().enumerate().filter_map(|(k, n)| Some((k, (*n)?))) {
            let (share, time) = match person {
                Some((who, act)) => (act.share[k], act.time(k, long, who.own_s())),
                None if k == IDLE => (1.0, (now.state.elapsed_s as f32).rem_euclid(long)),
                None => (0.0, 0.0),
            };
            if share > 1e-3 {
                player.play(node).pause().seek_to(time).set_weight(share);
            } else if player.is_playing_animation(node) {
                player.stop(node);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::now::tests::state;

    fn pose(doing: Doing, x: f64) -> StaffPose {
        StaffPose { who: "a".to_owned(), at_m: [x, 0.0, 0.0], heading_deg: 0.0, doing }
    }

    #[test]
    fn one_movement_gives_way_to_the_next_and_shares_stay_whole() {
        let (mut s, mut act) = (state(), Act::default());
        act.step(&pose(Doing::Looks, 0.0), &s, 0.0);
        assert_eq!(act.share[IDLE], 1.0);
        for k in 1..=40 {
            s.elapsed_s += 0.05;
            let doing = if k < 5 { Doing::Works } else { Doing::Walks };
            act.step(&pose(doing, 0.045 * f64::from(k)), &s, 1.0);
            assert!((act.share.iter().sum::<f32>() - 1.0).abs() < 1e-4, "{:?}", act.share);
        }
        assert!(act.share[WALK] > 0.999 && (act.heading - 1.0).abs() < 0.05, "{:?} {}", act.share, act.heading);
        // feet follow the way: 1.8 m are 1.8 / 0.99 turns of the walk
        let turns = act.time(WALK, 1.0, 0.0);
        assert!((turns - (1.8 / STRIDE_M).fract()).abs() < 0.01, "{turns}");
    }

    #[test]
    fn who_greets_waves_and_then_speaks() {
        let (mut s, mut act) = (state(), Act::default());
        (s.elapsed_s, s.step_time_s, s.caption) = (100.0, 2.0, Some("say".to_owned()));
        act.step(&pose(Doing::Greets, 0.0), &s, 0.0);
        assert_eq!(act.share[WAVE], 1.0);
        for _ in 0..40 {
            s.elapsed_s += 0.1;
            act.step(&pose(Doing::Greets, 0.0), &s, 0.0);
        }
        assert!(act.share[TALK] > 0.99, "{:?}", act.share);
    }
}
