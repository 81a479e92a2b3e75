module "workloads" {
  source = "../../modules/workloads.sentinel"
}

mock "tfplan/v2" {
  module {
    source = "../../testdata/careless-plan.sentinel"
  }
}

test {
  rules = {
    main = false
  }
}
