//! An order, who pays it and a payment provider whose answers are lost, late and repeated: money is never taken twice, and none that was taken is lost.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use super::{Event, Order, State, Step, apply, charge_key, placed};
use crate::policy::OrderPolicy;

/// Hours for which the provider knows a key.
const REMEMBERED: i64 = 24;

/// What anybody does, and what goes wrong with it.
#[derive(Debug, Clone)]
enum Deed {
    /// Somebody pays. The request arrives or not, the provider takes the money or declines, the answer is heard or not.
    Pay {
        arrives: bool,
        takes: bool,
        answered: bool,
    },
    /// One of the provider's messages comes, whether for the first time or not.
    Hear(prop::sample::Index),
    /// What became of the charge under way is looked up.
    LookUp,
    Cancel,
    Expire,
    Hours(i64),
}

/// Only says what may come next, which is everything always.
struct Deeds;

impl ReferenceStateMachine for Deeds {
    type State = ();
    type Transition = Deed;

    fn init_state() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn transitions((): &()) -> BoxedStrategy<Deed> {
        prop_oneof![
            6 => (prop::bool::weighted(0.8), prop::bool::weighted(0.3), prop::bool::weighted(0.4))
                .prop_map(|(arrives, takes, answered)| Deed::Pay { arrives, takes, answered }),
            4 => any::<prop::sample::Index>().prop_map(Deed::Hear),
            1 => Just(Deed::LookUp),
            1 => Just(Deed::Cancel),
            1 => Just(Deed::Expire),
            2 => (1i64..60).prop_map(Deed::Hours),
        ]
        .boxed()
    }

    fn apply((): (), _: &Deed) {}
}

/// What the provider keeps of one charge.
struct Charge {
    attempt: u32,
    asked_at: Timestamp,
    payment: Option<String>,
}

impl Charge {
    fn event(&self) -> Event {
        let failed = Event::Failed { attempt: self.attempt };
        self.payment.clone().map_or(failed, |payment| Event::Succeeded { payment })
    }
}

struct World {
    now: Timestamp,
    policy: OrderPolicy,
    order: Order,
    given: u32,
    /// By key; one that the provider has forgotten stands for another charge when it comes again.
    keys: BTreeMap<String, usize>,
    charges: Vec<Charge>,
}

impl World {
    fn happens(&mut self, event: &Event) {
        if let Ok(Step::Changed { order, fulfil, .. }) = apply(&self.order, event, self.now) {
            self.order = order;
            self.given += u32::from(fulfil);
        }
    }

    fn pay(&mut self, arrives: bool, takes: bool, answered: bool) {
        match apply(&self.order, &Event::Charge, self.now) {
            Err(_) => return,
            // Whoever pays waits for what is looked up.
            Ok(Step::Same) if !self.order.asks_again(self.now, &self.policy) => return,
            Ok(Step::Same) => {}
            Ok(Step::Changed { order, .. }) => self.order = order,
        }
        if !arrives {
            return;
        }
        let (key, attempt) = (charge_key("ord-1", self.order.attempt), self.order.attempt);
        let known = self.keys.get(&key).copied().filter(|index| self.now < self.charges[*index].asked_at + SignedDuration::from_hours(REMEMBERED));
        let index = known.unwrap_or_else(|| {
            assert!(self.charges.iter().all(|charge| charge.payment.is_none()), "a charge is asked for although the money was taken");
            let payment = takes.then(|| format!("pay-{}", self.charges.len()));
            self.charges.push(Charge { attempt, asked_at: self.now, payment });
            self.charges.len() - 1
        });
        self.keys.insert(key, index);
        if answered {
            self.happens(&self.charges[index].event());
        }
    }

    fn look_up(&mut self) {
        // Not before nothing can be on its way any more.
        let quiet = |since: Timestamp| since + SignedDuration::from_mins(i64::from(self.policy.resolve_minutes)) <= self.now;
        if self.order.state != State::Charging || !self.order.charging_since.is_some_and(quiet) {
            return;
        }
        // A charge that the provider does not know took nothing, and what was asked long ago does not arrive any more.
        let found = self.charges.iter().rev().find(|charge| charge.attempt == self.order.attempt).map(Charge::event);
        self.happens(&found.unwrap_or(Event::Failed { attempt: self.order.attempt }));
    }

    fn taken(&self) -> Vec<&String> {
        self.charges.iter().filter_map(|charge| charge.payment.as_ref()).collect()
    }
}

impl StateMachineTest for World {
    type SystemUnderTest = Self;
    type Reference = Deeds;

    fn init_test((): &()) -> Self {
        let (now, policy) = (Timestamp::from_second(1_780_000_000).unwrap(), OrderPolicy::default());
        Self { now, order: placed(now, &policy), policy, given: 0, keys: BTreeMap::new(), charges: Vec::new() }
    }

    fn apply(mut world: Self, (): &(), deed: Deed) -> Self {
        match deed {
            Deed::Pay { arrives, takes, answered } => world.pay(arrives, takes, answered),
            Deed::Hear(which) if !world.charges.is_empty() => {
                let event = which.get(&world.charges).event();
                world.happens(&event);
            }
            Deed::Hear(_) => {}
            Deed::LookUp => world.look_up(),
            Deed::Cancel => world.happens(&Event::Cancel),
            Deed::Expire => world.happens(&Event::Expire),
            Deed::Hours(hours) => world.now += SignedDuration::from_hours(hours),
        }
        world
    }

    fn check_invariants(world: &Self, (): &()) {
        assert!(world.taken().len() <= 1, "money was taken twice");
        assert_eq!(world.given, u32::from(world.order.payment.is_some()));
        assert!(world.order.refunds.is_empty(), "there is nothing to give back where nothing was taken twice");
    }

    fn teardown(mut world: Self, (): ()) {
        let closed = matches!(world.order.state, State::Cancelled | State::Expired);
        assert!(!closed || world.taken().is_empty(), "given up although the money was taken");
        world.now += SignedDuration::from_hours(1);
        world.look_up();
        let (taken, kept) = (world.taken(), world.order.payment.iter().collect::<Vec<_>>());
        assert_eq!(kept, taken, "money that was taken is lost");
        assert_eq!(world.given, u32::try_from(taken.len()).unwrap());
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn money_is_never_taken_twice_and_none_is_lost(sequential 1..30 => World);
}
