#!/bin/bash
# Снимаем общий адрес
source /etc/ucarp/ucarp.conf
ifconfig $UCARP_IF_ALIAS down
