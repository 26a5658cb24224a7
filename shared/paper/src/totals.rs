//! What an invoice adds up to: orders and papers take their figures from here, so that they agree.

use std::collections::BTreeMap;

use crate::error::PaperError;

/// Basis points in a whole.
const WHOLE: i128 = 10_000;

/// One line of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceLine {
    /// What was sold.
    pub description: String,
    /// How many.
    pub quantity: u32,
    /// Price of one without VAT, in euro cents; negative for a discount.
    pub unit_net_cents: i64,
    /// VAT rate in hundredths of a percent: 22% is 2200.
    pub vat_basis_points: u32,
}

impl InvoiceLine {
    /// The line's amount without VAT, in euro cents.
    ///
    /// # Errors
    /// [`PaperError::Amount`] when it does not fit.
    pub fn net_cents(&self) -> Result<i64, PaperError> {
        self.unit_net_cents.checked_mul(i64::from(self.quantity)).ok_or(PaperError::Amount)
    }
}

/// The lines of one VAT rate, added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VatGroup {
    /// VAT rate in hundredths of a percent.
    pub vat_basis_points: u32,
    /// Sum of the lines without VAT, in euro cents.
    pub net_cents: i64,
    /// VAT on that sum, in euro cents.
    pub vat_cents: i64,
    /// Both together, in euro cents.
    pub gross_cents: i64,
}

/// What an invoice adds up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceTotals {
    /// One group for each rate, the lowest rate first.
    pub groups: Vec<VatGroup>,
    /// Sum of all lines without VAT, in euro cents.
    pub net_cents: i64,
    /// Sum of the groups' VAT, in euro cents.
    pub vat_cents: i64,
    /// What is to be paid, in euro cents.
    pub gross_cents: i64,
}

/// Adds up lines: VAT is computed once for each rate, on the sum of its lines, and rounded half up to the cent.
/// Half a cent below zero is rounded away from zero, so that a credit undoes an invoice exactly.
///
/// # Errors
/// [`PaperError::Amount`] when a figure does not fit.
pub fn invoice_totals(lines: &[InvoiceLine]) -> Result<InvoiceTotals, PaperError> {
    let mut nets: BTreeMap<u32, i64> = BTreeMap::new();
    for line in lines {
        let net = nets.entry(line.vat_basis_points).or_default();
        *net = net.checked_add(line.net_cents()?).ok_or(PaperError::Amount)?;
    }
    let mut totals = InvoiceTotals { groups: Vec::with_capacity(nets.len()), net_cents: 0, vat_cents: 0, gross_cents: 0 };
    for (vat_basis_points, net_cents) in nets {
        let vat_cents = vat(net_cents, vat_basis_points)?;
        let gross_cents = net_cents.checked_add(vat_cents).ok_or(PaperError::Amount)?;
        totals.net_cents = totals.net_cents.checked_add(net_cents).ok_or(PaperError::Amount)?;
        totals.vat_cents = totals.vat_cents.checked_add(vat_cents).ok_or(PaperError::Amount)?;
        totals.groups.push(VatGroup { vat_basis_points, net_cents, vat_cents, gross_cents });
    }
    totals.gross_cents = totals.net_cents.checked_add(totals.vat_cents).ok_or(PaperError::Amount)?;
    Ok(totals)
}

fn vat(net_cents: i64, basis_points: u32) -> Result<i64, PaperError> {
    let exact = i128::from(net_cents) * i128::from(basis_points);
    let rounded = (exact.abs() + WHOLE / 2) / WHOLE * exact.signum();
    i64::try_from(rounded).map_err(|_| PaperError::Amount)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(quantity: u32, unit_net_cents: i64, vat_basis_points: u32) -> InvoiceLine {
        InvoiceLine { description: String::new(), quantity, unit_net_cents, vat_basis_points }
    }

    fn group(vat_basis_points: u32, net_cents: i64, vat_cents: i64) -> VatGroup {
        VatGroup { vat_basis_points, net_cents, vat_cents, gross_cents: net_cents + vat_cents }
    }

    #[test]
    fn vat_is_rounded_once_for_each_rate() {
        // Line by line it would be 3 x 1 cent; together it is 3 x 0.5 = 1.5, half up.
        let totals = invoice_totals(&[line(1, 5, 1000), line(1, 5, 1000), line(1, 5, 1000), line(2, 1250, 2200)]).unwrap();
        assert_eq!(totals.groups, [group(1000, 15, 2), group(2200, 2500, 550)]);
        assert_eq!((totals.net_cents, totals.vat_cents, totals.gross_cents), (2515, 552, 3067));
    }

    #[test]
    fn half_a_cent_goes_up_and_less_goes_down() {
        for (net, rate, expected) in [(25, 200, 1), (24, 200, 0), (-25, 200, -1), (-24, 200, 0), (2499, 2200, 550), (2498, 2200, 550), (100, 0, 0)] {
            assert_eq!(vat(net, rate), Ok(expected), "{net} at {rate}");
        }
    }

    #[test]
    fn a_credit_undoes_an_invoice() {
        let there = invoice_totals(&[line(3, 1111, 2200), line(1, 25, 200)]).unwrap();
        let back = invoice_totals(&[line(3, -1111, 2200), line(1, -25, 200)]).unwrap();
        assert_eq!(there.gross_cents, -back.gross_cents);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for lines in [
            vec![line(2, i64::MAX, 0)],
            vec![line(1, i64::MAX, 0), line(1, 1, 0)],
            vec![line(1, i64::MAX, 2200)],
            vec![line(1, i64::MIN, 1)],
            vec![line(1, i64::MAX / 2 + 1, 0), line(1, i64::MAX / 2 + 1, 1)],
        ] {
            assert_eq!(invoice_totals(&lines), Err(PaperError::Amount), "{lines:?}");
        }
        assert_eq!(invoice_totals(&[]).unwrap().gross_cents, 0);
    }

    proptest! {
        #[test]
        fn groups_add_up_and_are_off_by_half_a_cent_at_most(
            lines in proptest::collection::vec((0..1000u32, -1_000_000i64..1_000_000, 0..10_001u32), 0..20),
        ) {
            let lines: Vec<_> = lines.into_iter().map(|(quantity, unit, rate)| line(quantity, unit, rate % 7 * 550)).collect();
            let totals = invoice_totals(&lines).unwrap();
            prop_assert_eq!(totals.gross_cents, totals.net_cents + totals.vat_cents);
            prop_assert_eq!(totals.gross_cents, totals.groups.iter().map(|group| group.gross_cents).sum::<i64>());
            prop_assert_eq!(totals.vat_cents, totals.groups.iter().map(|group| group.vat_cents).sum::<i64>());
            prop_assert_eq!(totals.net_cents, lines.iter().map(|line| line.net_cents().unwrap()).sum::<i64>());
            prop_assert!(totals.groups.is_sorted_by(|a, b| a.vat_basis_points < b.vat_basis_points));
            for group in &totals.groups {
                let exact = i128::from(group.net_cents) * i128::from(group.vat_basis_points);
                let off = i128::from(group.vat_cents) * WHOLE - exact;
                prop_assert!(off.abs() * 2 <= WHOLE);
                prop_assert!(off.abs() * 2 < WHOLE || (off > 0) == (exact > 0), "half a cent goes away from zero");
                let of_rate = lines.iter().filter(|line| line.vat_basis_points == group.vat_basis_points);
                prop_assert_eq!(group.net_cents, of_rate.map(|line| line.net_cents().unwrap()).sum::<i64>());
            }
            let mut turned = lines;
            turned.reverse();
            prop_assert_eq!(invoice_totals(&turned).unwrap(), totals);
        }

        #[test]
        fn no_figure_makes_it_panic(lines in proptest::collection::vec((any::<u32>(), any::<i64>(), any::<u32>()), 0..6)) {
            let lines: Vec<_> = lines.into_iter().map(|(quantity, unit, rate)| line(quantity, unit, rate)).collect();
            let _ = invoice_totals(&lines);
        }
    }
}
