//! The state machine against a simple model of it: whatever events come, however often and in whatever order.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use super::{Event, Order, Refund, Refusal, State, Step, apply, placed};
use crate::policy::OrderPolicy;

/// What an event is expected to come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Same,
    Changed,
    /// Changed, and what was bought is given.
    Given,
    /// Changed, and this payment is to be given back.
    Return(u8),
    Refused(Refusal),
}

/// An order told by what happened to it, without states: who reads it knows what it owes and is owed.
#[derive(Debug, Clone)]
struct Model {
    day: i64,
    /// Whether a charge is open.
    open: bool,
    failures: u32,
    kept: Option<u8>,
    /// The payments to give back, and whether that was done.
    returned: BTreeMap<u8, bool>,
    /// How often each could not be given back.
    returns_failed: BTreeMap<u8, u32>,
    /// Given up by the customer, also after it was paid, or else by time.
    given_up: Option<bool>,
    outcome: Outcome,
}

impl Model {
    fn why_closed(&self) -> Option<Refusal> {
        match (self.kept, self.given_up) {
            (_, Some(true)) => Some(Refusal::AlreadyCancelled),
            (Some(_), _) => Some(Refusal::AlreadyPaid),
            (None, Some(false)) => Some(Refusal::OrderExpired),
            (None, None) => None,
        }
    }

    fn failed_to_return(&self, payment: u8) -> u32 {
        self.returns_failed.get(&payment).copied().unwrap_or_default()
    }

    fn too_late(&self) -> bool {
        self.day >= i64::from(OrderPolicy::default().pay_within_days)
    }

    fn happens(&mut self, what: &Happening) -> Outcome {
        match what {
            Happening::Days(days) => {
                self.day += days;
                Outcome::Same
            }
            Happening::Charge => match self.why_closed() {
                Some(why) => Outcome::Refused(why),
                None if self.open => Outcome::Same,
                None if self.too_late() => Outcome::Refused(Refusal::OrderExpired),
                None => {
                    self.open = true;
                    Outcome::Changed
                }
            },
            Happening::Cancel | Happening::Expire if self.open => Outcome::Refused(Refusal::PaymentInProgress),
            Happening::Cancel => self.why_closed().map_or_else(|| self.give_up(true), Outcome::Refused),
            Happening::Expire if self.why_closed().is_some() => Outcome::Same,
            Happening::Expire if self.too_late() => self.give_up(false),
            Happening::Expire => Outcome::Refused(Refusal::NotYetDue),
            Happening::Withdraw => match self.kept {
                Some(kept) if !self.returned.contains_key(&kept) => {
                    self.returned.insert(kept, false);
                    Outcome::Return(kept)
                }
                _ => Outcome::Same,
            },
            Happening::Annul => match self.kept {
                Some(kept) if self.given_up.is_none() => {
                    self.given_up = Some(true);
                    if self.returned.contains_key(&kept) {
                        return Outcome::Changed;
                    }
                    self.returned.insert(kept, false);
                    Outcome::Return(kept)
                }
                _ => Outcome::Same,
            },
            Happening::Succeeded(payment) if self.kept == Some(*payment) || self.returned.contains_key(payment) => Outcome::Same,
            Happening::Succeeded(payment) if self.why_closed().is_none() => {
                self.kept = Some(*payment);
                self.open = false;
                Outcome::Given
            }
            Happening::Succeeded(payment) => {
                self.returned.insert(*payment, false);
                Outcome::Return(*payment)
            }
            Happening::Failed(attempt) if self.open && *attempt == self.failures + 1 => {
                self.open = false;
                self.failures += 1;
                Outcome::Changed
            }
            Happening::Failed(_) => Outcome::Same,
            Happening::Refunded(payment, attempt) | Happening::NotRefunded(payment, attempt) if *attempt != self.failed_to_return(*payment) => Outcome::Same,
            Happening::NotRefunded(payment, _) => match self.returned.get_mut(payment) {
                Some(done) => {
                    *done = false;
                    *self.returns_failed.entry(*payment).or_default() += 1;
                    Outcome::Return(*payment)
                }
                None => Outcome::Same,
            },
            Happening::Refunded(payment, _) => match self.returned.get_mut(payment) {
                Some(done) if !*done => {
                    *done = true;
                    Outcome::Changed
                }
                _ => Outcome::Same,
            },
        }
    }

    fn give_up(&mut self, by_customer: bool) -> Outcome {
        self.given_up = Some(by_customer);
        Outcome::Changed
    }
}

#[derive(Debug, Clone)]
enum Happening {
    Days(i64),
    Charge,
    Succeeded(u8),
    Failed(u32),
    Cancel,
    Withdraw,
    Annul,
    Expire,
    Refunded(u8, u32),
    NotRefunded(u8, u32),
}

impl Happening {
    fn event(&self) -> Option<Event> {
        Some(match self {
            Self::Days(_) => return None,
            Self::Charge => Event::Charge,
            Self::Succeeded(payment) => Event::Succeeded { payment: payment.to_string() },
            Self::Failed(attempt) => Event::Failed { attempt: *attempt },
            Self::Cancel => Event::Cancel,
            Self::Withdraw => Event::Withdraw,
            Self::Annul => Event::Annul,
            Self::Expire => Event::Expire,
            Self::Refunded(payment, attempt) => Event::Refunded { payment: payment.to_string(), attempt: *attempt },
            Self::NotRefunded(payment, attempt) => Event::RefundFailed { payment: payment.to_string(), attempt: *attempt },
        })
    }
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Happening;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self {
            day: 0,
            open: false,
            failures: 0,
            kept: None,
            returned: BTreeMap::new(),
            returns_failed: BTreeMap::new(),
            given_up: None,
            outcome: Outcome::Same,
        })
        .boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Happening> {
        // Also of a try that is over.
        let failed = state.clone();
        let tries = (0u8..4, 0u32..2).prop_map(move |(payment, late)| (payment, failed.failed_to_return(payment).saturating_sub(late)));
        prop_oneof![
            1 => (1i64..8).prop_map(Happening::Days),
            4 => Just(Happening::Charge),
            2 => (0u8..4).prop_map(Happening::Succeeded),
            // Also of a charge that is over, and of one that is not known here yet.
            3 => (state.failures.saturating_sub(1)..=state.failures + 2).prop_map(Happening::Failed),
            1 => Just(Happening::Cancel),
            1 => Just(Happening::Withdraw),
            1 => Just(Happening::Annul),
            1 => Just(Happening::Expire),
            2 => tries.clone().prop_map(|(payment, attempt)| Happening::Refunded(payment, attempt)),
            1 => tries.prop_map(|(payment, attempt)| Happening::NotRefunded(payment, attempt)),
        ]
        .boxed()
    }

    fn apply(mut state: Self, what: &Happening) -> Self {
        state.outcome = state.happens(what);
        state
    }
}

fn noon(day: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + day * 86_400).unwrap()
}

struct Machine {
    order: Order,
    /// How often what was bought was given.
    given: u32,
    /// The payments that were heard of.
    heard: BTreeSet<String>,
    /// Whether the customer withdrew from what was paid, or cancelled it.
    withdrawn: bool,
    /// Whether what was paid was cancelled.
    annulled: bool,
}

impl StateMachineTest for Machine {
    type SystemUnderTest = Self;
    type Reference = Model;

    fn init_test(model: &Model) -> Self {
        Self { order: placed(noon(model.day), &OrderPolicy::default()), given: 0, heard: BTreeSet::new(), withdrawn: false, annulled: false }
    }

    fn apply(mut self_: Self, model: &Model, what: Happening) -> Self {
        let Some(event) = what.event() else { return self_ };
        if let Event::Succeeded { payment } = &event {
            self_.heard.insert(payment.clone());
        }
        self_.annulled |= event == Event::Annul && self_.order.payment.is_some();
        self_.withdrawn |= self_.annulled || event == Event::Withdraw && self_.order.payment.is_some();
        let was = self_.order.clone();
        let outcome = match apply(&self_.order, &event, noon(model.day)) {
            Err(refusal) => Outcome::Refused(refusal),
            Ok(Step::Same) => Outcome::Same,
            Ok(Step::Changed { order, fulfil, refund }) => {
                assert_ne!(order, was, "a change that changes nothing");
                self_.order = order;
                self_.given += u32::from(fulfil);
                assert!(!fulfil || refund.is_none());
                match refund {
                    Some(payment) => Outcome::Return(payment.parse().unwrap()),
                    None if fulfil => Outcome::Given,
                    None => Outcome::Changed,
                }
            }
        };
        assert_eq!(outcome, model.outcome, "{what:?}");
        if was.state == State::Paid {
            let stays = if event == Event::Annul { State::Cancelled } else { State::Paid };
            assert_eq!((self_.order.state, &self_.order.payment, self_.order.paid_at), (stays, &was.payment, was.paid_at));
        }
        // Heard again at once, nothing is new: only a failure begins another charge, and only once.
        if !matches!(event, Event::Charge | Event::Cancel | Event::Expire) {
            assert_eq!(apply(&self_.order, &event, noon(model.day)), Ok(Step::Same), "{what:?} again");
        }
        self_
    }

    fn check_invariants(machine: &Self, model: &Model) {
        let Self { order, given, heard, withdrawn, annulled } = machine;
        assert_eq!(*given, u32::from(order.payment.is_some()), "given once, and only for money that is kept");
        assert_eq!(order.state == State::Paid, order.payment.is_some() && !annulled);
        assert_eq!(order.paid_at.is_some(), order.payment.is_some());
        assert_eq!(order.state == State::Charging, order.charging_since.is_some());
        assert!(order.payment.iter().all(|kept| order.refunds.contains_key(kept) == *withdrawn), "kept and given back, but who withdraws gets it back");
        let known: BTreeSet<String> = order.payment.iter().chain(order.refunds.keys()).cloned().collect();
        assert_eq!(&known, heard, "every payment is kept or given back, and no other");
        assert_eq!(order.attempt, model.failures + 1);
        assert_eq!(order.payment, model.kept.map(|payment| payment.to_string()));
        let returned = model.returned.iter().map(|(payment, done)| (payment.to_string(), if *done { Refund::Done } else { Refund::Due })).collect();
        assert_eq!(order.refunds, returned);
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn any_row_of_events_does_to_an_order_what_the_model_says(sequential 1..25 => Machine);
}
