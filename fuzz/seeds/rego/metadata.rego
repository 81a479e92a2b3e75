# METADATA
# title: [
package a
