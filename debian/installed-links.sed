# Where the package has the files that links in README.md lead to.
s,](etc/ucarp/ucarp\.conf),](examples/ucarp.conf),
s,](CHANGELOG\.md),](changelog.gz),
s,](LICENSE),](copyright),
