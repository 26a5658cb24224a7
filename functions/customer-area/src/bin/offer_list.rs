//! The Lambda function of `customer.offer.list`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_customer_area::entry::offer_list)
}
