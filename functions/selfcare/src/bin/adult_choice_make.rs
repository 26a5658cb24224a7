//! The Lambda function of `selfcare.adult-choice.make`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::adult_choice_make)
}
