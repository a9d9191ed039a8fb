"""ConnectorX peer: whole database -> one Parquet file per table (snappy). usage: connectorx_peer.py URI OUT [PARTS]"""
import os
import sys

import connectorx as cx
import pyarrow.parquet as pq

uri, out = sys.argv[1], sys.argv[2]
parts = int(sys.argv[3]) if len(sys.argv) > 3 else 2
KEY = dict(part="p_partkey", partsupp="ps_partkey", customer="c_custkey", orders="o_orderkey",
           lineitem="l_orderkey", supplier="s_suppkey")
os.makedirs(out, exist_ok=True)
for t in "region nation part supplier partsupp customer orders lineitem".split():
    kw = dict(partition_on=KEY[t], partition_num=parts) if t in KEY and parts > 1 else {}
    tab = cx.read_sql(uri, f"select * from {t}", return_type="arrow", **kw)
    pq.write_table(tab, f"{out}/{t}.parquet", compression="snappy")
